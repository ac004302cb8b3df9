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
  toast.innerHTML = '<i class="ti ti-plug-connected-x" aria-hidden="true"></i><div><strong>No connection</strong><p>No response from the server. Try again.</p></div>';
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
        if (missed) ["case", "task", "person", "definition", "settings", "presence"].forEach(kind => tell(`${kind}-changed`));
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

  // A page in the background hears nothing, but its person is still there.
  setInterval(() => {
    if (document.hidden) fetch("/presence/seen", { method: "POST", headers: { "X-Csrf-Token": document.querySelector("meta[name=csrf]")?.content ?? "" } }).catch(() => undefined);
  }, 60000);
  addEventListener("pagehide", () => source?.close());
  listen();
}

// Times in the reader's zone and language.
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const zoneName = absolute.resolvedOptions().timeZone;
// The server counts "today" in it (docs/board.md).
if (location.origin !== "null") document.cookie = `zone=${zoneName}; path=/; max-age=31536000; samesite=lax`;
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const hour12 = absolute.resolvedOptions().hour12;
const timeOfDay = at => hour12 && at.getHours() % 12 === 0 && at.getMinutes() === 0 ? (at.getHours() ? "noon" : "midnight") : new Intl.DateTimeFormat(undefined, hour12 && at.getMinutes() === 0 ? { hour: "numeric" } : { timeStyle: "short" })
  .formatToParts(at).map(part => part.type === "dayPeriod" ? part.value.toLowerCase() : part.value).join("");
const dayOf = at => new Intl.DateTimeFormat(undefined,
  { day: "numeric", month: "short", year: at.getFullYear() === new Date().getFullYear() ? undefined : "numeric" }).format(at);
const clockOf = at => at.toDateString() === new Date().toDateString() ? timeOfDay(at) : absolute.format(at);
// What is days away is told by the calendar, as people do: 40 hours ahead over one night is "tomorrow", not "in 2 days".
const fromNow = (at, now) => {
  const minutes = Math.round((at - now) / 6e4);
  const days = Math.round((new Date(at).setHours(0, 0, 0, 0) - new Date(now).setHours(0, 0, 0, 0)) / 864e5);
  const far = Math.abs(days);
  if (minutes === 0) return at <= now ? "just now" : "in a moment";
  if (Math.abs(minutes) < 60) return relative.format(minutes, "minute");
  if (days === 0 || Math.abs(minutes) < 360) return relative.format(Math.round(minutes / 60), "hour");
  if (far === 1) return `${relative.format(days, "day")}, ${timeOfDay(at)}`;
  if (far < 14) return relative.format(days, "day");
  if (far < 60) return relative.format(Math.round(days / 7), "week");
  return far < 730 ? relative.format(Math.round(days / 30.44), "month") : relative.format(Math.round(days / 365.25), "year");
};
const moments = root => root.querySelectorAll("time[data-moment]").forEach(time => {
  const at = new Date(time.dateTime), kind = time.closest("[data-absolute]") ? "absolute" : time.dataset.moment;
  time.title = `${absolute.format(at)} (${zoneName})`;
  time.textContent = kind === "relative" ? fromNow(at, new Date()) : kind === "day" ? dayOf(at) : kind === "clock" ? clockOf(at) : absolute.format(at);
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
    localTimes(rows.lastElementChild);
    rows.lastElementChild.querySelector("input, select, textarea")?.focus();
    list.closest("form").dispatchEvent(new CustomEvent("rows-changed"));
  } else {
    remove.closest("[data-row]").remove();
    list.querySelector(":scope > [data-add-row]").focus();
    list.closest("form").dispatchEvent(new CustomEvent("rows-changed"));
  }
});

// Where choosing says it all. With the keyboard a choice is only made by Enter: arrows go through the choices.
let typing = false;
const submitField = field => {
  if (field.dataset.submit) field.form.action = field.dataset.submit;
  field.form.requestSubmit();
};
document.addEventListener("pointerdown", () => { typing = false; }, true);
document.addEventListener("keydown", e => {
  typing = true;
  if (e.key === "Enter" && e.target.matches("select[data-submit]") && e.target.value) {
    e.preventDefault();
    submitField(e.target);
  }
}, true);
document.addEventListener("change", e => !typing && e.target.matches("select[data-submit]") && e.target.value && submitField(e.target));

// Rows that are selected, to ask the same of all of them. Shift takes everything in between.
const boxes = list => [...list.querySelectorAll(".row-check input")];
const countSelected = list => {
  const all = boxes(list), selected = all.filter(box => box.checked).length;
  const master = list.querySelector("[data-bulk-all]"), count = list.querySelector("[data-bulk-count]");
  if (master) [master.checked, master.indeterminate] = [selected > 0 && selected === all.length, selected > 0 && selected < all.length];
  if (count) count.textContent = selected ? `${selected} selected` : "";
  // Everything that the list matches, as long as the whole page is selected.
  const more = list.querySelector("[data-bulk-more]"), matches = list.querySelector("[data-bulk-matches]");
  if (!more) return;
  const whole = selected > 0 && selected === all.length;
  if (!whole) matches.value = "";
  more.hidden = !whole || matches.value !== "";
  if (matches.value) count.textContent = more.dataset.told;
};
document.addEventListener("click", e => {
  const more = e.target.closest("[data-bulk-more]"), list = more?.closest("[data-bulk]");
  if (!list) return;
  list.querySelector("[data-bulk-matches]").value = "true";
  countSelected(list);
});
let lastBox;
document.addEventListener("click", e => {
  const box = e.target.closest(".row-check input"), list = box?.closest("[data-bulk]");
  if (!list) return;
  const all = boxes(list), [from, to] = [all.indexOf(lastBox), all.indexOf(box)].sort((a, b) => a - b);
  if (e.shiftKey && from >= 0) all.slice(from, to + 1).forEach(each => { each.checked = box.checked; });
  lastBox = box;
  countSelected(list);
});
document.addEventListener("change", e => {
  const list = e.target.closest("[data-bulk]");
  if (!list) return;
  if (e.target.matches("[data-bulk-all]")) boxes(list).forEach(box => { box.checked = e.target.checked; });
  countSelected(list);
});
document.addEventListener("htmx:after:swap", () => document.querySelectorAll("[data-bulk]").forEach(countSelected));

// A message that came with the page joins the others, and does not come again with the page.
document.querySelectorAll("[data-toasts]").forEach(box => {
  document.getElementById("toasts").append(...box.children);
  box.remove();
});
const address = new URL(location.href);
["done", "did", "nothing"].forEach(name => address.searchParams.delete(name));
if (address.href !== location.href) history.replaceState(history.state, "", address);

// Forms that ask by what was answered: the server, which judges what is sent, also says which fields are asked. Hidden fields keep what was typed into them.
let asked = 0, wait;
const arrange = async form => {
  const turn = ++asked;
  const answer = await fetch(form.dataset.layout, { method: "POST", body: new URLSearchParams(new FormData(form)) }).catch(() => undefined);
  if (!answer?.ok || turn !== asked) return;
  const { shown, required } = await answer.json();
  const typed = new Map([...form.querySelectorAll("[data-variant]:not([hidden]) :is(input:not([type=radio], [type=checkbox]), select, textarea)")].map(control => [control.name, control.value]));
  form.querySelectorAll("[data-field]").forEach(field => {
    field.hidden = !shown.includes(field.dataset.field);
    if ("variant" in field.dataset) field.disabled = field.hidden;
  });
  form.querySelectorAll("[data-variant]:not([hidden]) :is(input:not([type=radio], [type=checkbox]), select, textarea)").forEach(control => { control.value ||= typed.get(control.name) ?? ""; });
  form.querySelectorAll("[data-required]").forEach(mark => { mark.hidden = !required.includes(mark.dataset.required); });
};
["input", "change", "rows-changed"].forEach(name => document.addEventListener(name, e => {
  const form = e.target.closest?.("form[data-layout]");
  if (!form) return;
  clearTimeout(wait);
  wait = setTimeout(() => arrange(form), name === "input" ? 250 : 0);
}, true));

// Times are typed in the reader's zone and sent in UTC. What can not be read as a time stays text, for the server to complain about.
const localTimes = root => root.querySelectorAll("input[data-date-time]").forEach(sent => {
  const at = new Date(sent.value);
  if (sent.type === "hidden" || (sent.value && isNaN(at))) return;
  const typed = document.createElement("input");
  typed.type = "datetime-local";
  for (const name of ["id", "class", "aria-describedby", "aria-invalid", "aria-required"]) if (sent.hasAttribute(name)) typed.setAttribute(name, sent.getAttribute(name));
  if (sent.value) typed.value = new Date(at - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  sent.removeAttribute("id");
  sent.type = "hidden";
  typed.addEventListener("input", () => { sent.value = typed.value ? new Date(typed.value).toISOString().replace(".000Z", "Z") : ""; });
  const zone = document.createElement("p");
  zone.className = "field-hint";
  zone.textContent = `Your time: ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  sent.before(typed);
  sent.after(zone);
});
localTimes(document);

// Where tabs don't fit, the current one is in sight.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;

// A draft is kept before anything else on the page is sent, and when the page is left or another task takes its place.
let unsaved = false;
const draftForm = () => document.querySelector("form[data-draft]");
const typedInto = form => new URLSearchParams(new FormData(form));
const keepDraft = () => {
  const form = draftForm();
  if (unsaved && form) navigator.sendBeacon(form.dataset.draft, typedInto(form));
  unsaved = false;
};
["input", "rows-changed"].forEach(name => document.addEventListener(name, e => { unsaved ||= Boolean(e.target.closest?.("form[data-draft]")); }, true));
document.addEventListener("htmx:config:request", e => {
  if (e.target.id === "autosave") unsaved = false;
  else if (e.detail.ctx.push) keepDraft();
});
document.addEventListener("htmx:error", e => { unsaved ||= e.target.id === "autosave"; });
document.addEventListener("submit", async e => {
  const form = draftForm();
  if (e.target === form) unsaved = false;
  if (!unsaved || !form) return;
  e.preventDefault();
  unsaved = false;
  await fetch(form.dataset.draft, { method: "PUT", body: typedInto(form), headers: { "HX-Request": "true" } }).catch(() => undefined);
  e.target.requestSubmit(e.submitter);
});
addEventListener("pagehide", keepDraft);

// Another task beside the list: it begins at its top, and the list says which one it is, also where a form of it was refused.
const markOpen = () => document.querySelectorAll("#beside a.row-main").forEach(link => {
  if (`${location.pathname}/`.startsWith(`${link.pathname}/`)) link.setAttribute("aria-current", "page");
  else link.removeAttribute("aria-current");
});
document.addEventListener("htmx:after:swap", e => {
  markOpen();
  if (!e.detail.ctx.push) return;
  scrollTo(0, 0);
  const main = document.getElementById("main");
  localTimes(main);
  main.focus({ preventScroll: true });
});
