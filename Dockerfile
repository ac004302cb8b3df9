# The build needs Node for the designer and the pages' assets, which npm ci brings in from the committed lock files.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source

# What restores first, so that a change of code does not fetch every package again.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Embedded/Embedded.csproj src/Embedded/packages.lock.json src/Embedded/
COPY src/Engine/Engine.csproj src/Engine/packages.lock.json src/Engine/
COPY src/Workflows/Workflows.csproj src/Workflows/packages.lock.json src/Workflows/
COPY src/Host/Host.csproj src/Host/packages.lock.json src/Host/
RUN dotnet restore src/Host/Host.csproj --locked-mode

COPY src/ src/
COPY definitions/ definitions/
RUN dotnet publish src/Host/Host.csproj --no-restore --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# For the health check of docker-compose.yml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app ./
USER $APP_UID
ENV ASPNETCORE_URLS=http://+:8080
EXPOSE 8080
# SIGTERM lets the host finish its bursts; docker-compose.yml gives it the time.
ENTRYPOINT ["dotnet", "Orchestration.Host.dll"]
