# The build needs Node: npm ci installs the designer and the pages' assets from the committed lock files.
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source

# Restore first, so that a code change doesn't download every package again.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY src/Embedded/Embedded.csproj src/Embedded/packages.lock.json src/Embedded/
COPY src/Proof/Proof.csproj src/Proof/packages.lock.json src/Proof/
COPY src/Engine/Engine.csproj src/Engine/packages.lock.json src/Engine/
COPY src/Workflows/Workflows.csproj src/Workflows/packages.lock.json src/Workflows/
COPY src/Host/Host.csproj src/Host/packages.lock.json src/Host/
RUN dotnet restore src/Host/Host.csproj --locked-mode

COPY src/ src/
COPY definitions/ definitions/
RUN dotnet publish src/Host/Host.csproj --no-restore --configuration Release --output /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
# For the health check in docker-compose.yml.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app ./
USER $APP_UID
ENV ASPNETCORE_URLS=http://+:8080
EXPOSE 8080
# On SIGTERM the host finishes its bursts; docker-compose.yml sets the grace period.
ENTRYPOINT ["dotnet", "Orchestration.Host.dll"]
