// Before the first paint, so that a dark page never flashes white.
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = localStorage.getItem("theme") ?? "auto";
    document.documentElement.dataset.bsTheme = choice === "dark" || (choice === "auto" && dark.matches) ? "dark" : "light";
  };
  dark.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("theme", apply);
  apply();
})();
