// What pages share (docs/ui.md). Everything works without it, a little less comfortably.

// Requests of parts of a page carry the proof that they come from it.
document.addEventListener("htmx:config:request", e => {
  const token = document.querySelector("meta[name=csrf]")?.content;
  if (token) e.detail.ctx.request.headers["X-Csrf-Token"] = token;
});

// The server could not be reached at all; what it answers itself comes as a toast from it.
document.addEventListener("htmx:error", e => {
  if (e.target.closest?.("[hx-trigger*='load']")) return;
  const toast = document.createElement("div");
  toast.className = "toast-card bad";
  toast.setAttribute("role", "alert");
  toast.innerHTML = '<i class="ti ti-plug-connected-x" aria-hidden="true"></i><div><strong>No connection</strong><p>The server did not answer. Nothing was changed; try again.</p></div>';
  document.getElementById("toasts").append(toast);
  setTimeout(() => toast.remove(), 8000);
});

// Changes: "task 0199…" becomes the events task-changed and task-changed-0199… on body, for hx-trigger="task-changed from:body". A page that nobody looks at hears nothing
// and catches up when it is looked at again.
const live = document.body.dataset.live;
if (live) {
  let source, missed = false;
  const tell = name => document.body.dispatchEvent(new CustomEvent(name));
  const listen = () => {
    if (document.hidden) {
      source?.close();
      source = undefined;
      missed = true;
    } else if (!source) {
      source = new EventSource(live);
      source.addEventListener("ready", () => {
        if (missed) ["case", "task", "person", "definition", "settings"].forEach(kind => tell(`${kind}-changed`));
        missed = false;
      });
      source.addEventListener("change", e => {
        const [kind, id] = e.data.split(" ");
        tell(`${kind}-changed`);
        tell(`${kind}-changed-${id}`);
      });
      source.addEventListener("error", () => { missed = true; });
    }
  };
  document.addEventListener("visibilitychange", listen);
  addEventListener("pagehide", () => source?.close());
  listen();
}

// Times in the reader's zone and language.
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const units = [["year", 31536e3], ["month", 2592e3], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60]];
const moments = root => root.querySelectorAll("time[data-moment]").forEach(time => {
  const at = new Date(time.dateTime);
  const seconds = (at - Date.now()) / 1000;
  const [unit, size] = units.find(u => Math.abs(seconds) >= u[1]) ?? ["second", 1];
  time.title = absolute.format(at);
  time.textContent = time.dataset.moment === "absolute" ? absolute.format(at)
    : unit === "second" ? (seconds < 0 ? "just now" : "in a moment") : relative.format(Math.round(seconds / size), unit);
});
moments(document);
document.addEventListener("htmx:after:swap", () => moments(document));
setInterval(() => moments(document), 30000);

// Menus close on Escape and on a click elsewhere; "/" jumps to the search field.
document.addEventListener("click", e => {
  document.querySelectorAll("details.menu[open]").forEach(menu => menu.contains(e.target) || menu.removeAttribute("open"));
  e.target.closest("[data-dismiss]")?.parentElement.remove();
});
document.addEventListener("keydown", e => {
  if (e.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(menu => {
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  });
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select, [contenteditable]")) return;
  const field = document.querySelector(`[data-hotkey="${CSS.escape(e.key)}"]`);
  if (field) {
    e.preventDefault();
    field.focus();
  }
});

// Good news goes away by itself; bad news waits to be dismissed.
new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(node => {
  if (node.classList?.contains("good")) setTimeout(() => node.remove(), 5000);
}))).observe(document.getElementById("toasts"), { childList: true });

document.querySelectorAll("input[name=theme]").forEach(choice => {
  choice.checked = choice.value === (localStorage.getItem("theme") ?? "auto");
  choice.addEventListener("change", () => {
    localStorage.setItem("theme", choice.value);
    dispatchEvent(new Event("theme"));
  });
});

// Lists of rows in forms: a row is added from the template beside them; its place in names and ids is the placeholder ~depth.
document.addEventListener("click", e => {
  const add = e.target.closest("[data-add-row]"), remove = e.target.closest("[data-remove-row]");
  const list = (add ?? remove)?.closest("[data-rows]");
  if (!list) return;
  const rows = list.querySelector("[data-rows-body]");
  if (add) {
    list.dataset.next ??= rows.querySelectorAll(":scope > [data-row]").length;
    rows.insertAdjacentHTML("beforeend", list.querySelector(":scope > template").innerHTML.replaceAll(`~${list.dataset.rows}`, list.dataset.next++));
    rows.lastElementChild.querySelector("input, select, textarea")?.focus();
  } else {
    remove.closest("[data-row]").remove();
    list.querySelector(":scope > [data-add-row]").focus();
    list.closest("form").dispatchEvent(new CustomEvent("rows-changed"));
  }
});

// Where choosing says it all.
document.addEventListener("change", e => e.target.matches("select[data-submit]") && e.target.value && e.target.form.requestSubmit());

// A message that came with the page joins the others, and does not come again with the page.
document.querySelectorAll("[data-toasts]").forEach(box => {
  document.getElementById("toasts").append(...box.children);
  box.remove();
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(history.state, "", address);
});
