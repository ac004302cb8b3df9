// Guidance (docs/guidance.md): counts the clicks to an answer, copies texts, and adds places to an article.
let clicks = 0;
document.addEventListener("click", e => {
  if (!e.target.closest?.(".guidance :is(summary, button, a)")) return;
  clicks++;
  document.querySelectorAll("[data-clicks]").forEach(input => { input.value = clicks; });
}, true);
document.addEventListener("htmx:config:request", e => {
  const request = e.detail.ctx.request;
  if (request.action?.includes("/read?clicks=")) request.action = request.action.replace(/clicks=\d+/, `clicks=${clicks}`);
});
document.addEventListener("click", async e => {
  const button = e.target.closest?.("[data-copies]");
  const source = button && document.getElementById(button.dataset.copies);
  if (!source) return;
  source.select();
  const copied = await (navigator.clipboard?.writeText(source.value) ?? Promise.reject()).then(() => true, () => document.execCommand("copy"));
  if (!copied) return;
  button.innerHTML = '<i class="ti ti-check" aria-hidden="true"></i>Copied';
  if (!button.dataset.counts) return;
  fetch(button.dataset.counts, {
    method: "POST",
    body: new URLSearchParams({ use: "Copied", clicks }),
    headers: { "X-Csrf-Token": document.querySelector("meta[name=csrf]").content, "HX-Request": "true" },
  }).catch(() => undefined);
});
document.addEventListener("change", e => {
  const list = e.target.dataset?.addsTo && document.getElementById(e.target.dataset.addsTo);
  if (!list || !e.target.value) return;
  list.value = [...list.value.split("\n").filter(line => line.trim()), e.target.value].join("\n");
  e.target.value = "";
});
// A link below a field opens its article beside the form.
document.addEventListener("click", e => {
  const href = e.target.closest?.(".field-hint a")?.hash ?? "";
  const guide = href.startsWith("#guide-") && document.getElementById(href.slice(1));
  if (!guide) return;
  clicks++;
  guide.open = true;
});
