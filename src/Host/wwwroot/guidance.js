// Guidance (docs/guidance.md): counts the clicks to an answer, copies texts, and adds places to an article.
// Clicks since a panel opened, or since something in it helped: each article keeps how many it took. What is done in an open article isn't on the way to one.
const clicks = new WeakMap();
const guideOf = e => e.target.closest?.(".guide");
const count = panel => clicks.set(panel, (clicks.get(panel) ?? 0) + 1).get(panel);
document.addEventListener("click", e => {
  const at = e.target.closest?.(".guidance :is(summary, button, a)");
  const panel = at?.closest(".guidance");
  if (!panel) return;
  if (at.closest(".guide-body")) {
    guideOf(e)?.querySelectorAll("[data-clicks]").forEach(input => { input.value = guideOf(e).dataset.took ?? 0; });
    if (at.dataset.copies || at.closest("form[action$='/uses'], form[action$='/sent']")) clicks.set(panel, 0);
  } else if (!at.parentElement.open) {
    const took = count(panel);
    if (at.parentElement.matches(".guide")) at.parentElement.dataset.took = took;
  }
}, true);
document.addEventListener("htmx:config:request", e => {
  const request = e.detail.ctx.request;
  const took = guideOf(e)?.dataset.took;
  if (took && request.action?.includes("/read?clicks=")) request.action = request.action.replace(/clicks=\d+/, `clicks=${took}`);
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
    body: new URLSearchParams({ use: "Copied", clicks: button.closest(".guide")?.dataset.took ?? 0, place: button.dataset.place }),
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
  if (!guide.open) guide.dataset.took = count(guide.closest(".guidance"));
  guide.open = true;
});
