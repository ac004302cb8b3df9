// The keyboard (docs/ui.md): rows, pages, commands. Letters do nothing while someone types or a dialog is open.
const typesInto = target => Boolean(target.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable], dialog[open]"));
const seen = element => element.getClientRects().length > 0;

// Rows that open something. Beside a list, its rows; what is open beside it may have rows of its own.
const rowLink = "a.row-main, a.cell-link";
const rowOf = element => element?.closest?.(".row-item, .data.clickable tbody tr");
const rowsIn = place => [...(place?.querySelectorAll(`:is(.row-item, .data.clickable tbody tr):has(${rowLink})`) ?? [])].filter(seen);
const rows = () => {
  const beside = rowsIn(document.getElementById("beside"));
  return beside.length ? beside : rowsIn(document.getElementById("main"));
};

// A row that leaves the list while it has the focus leaves its place to the one after it.
let last;
document.addEventListener("focusin", e => {
  const at = rows().indexOf(rowOf(e.target));
  if (at >= 0) last = { id: rowOf(e.target).id, at };
});
const move = step => {
  const all = rows();
  if (!all.length) return;
  let at = all.indexOf(rowOf(document.activeElement));
  if (at < 0 && last?.id) at = all.findIndex(row => row.id === last.id);
  const next = at >= 0 ? at + step : last ? last.at : step > 0 ? 0 : all.length - 1;
  all[Math.max(0, Math.min(next, all.length - 1))].querySelector(rowLink).focus();
};

const takes = 'form:is([action$="/claim"], [action$="/take-over"], [action$="/start-review"])';
const claim = () => {
  const row = rowOf(document.activeElement);
  (row ? row.querySelector(takes) : document.querySelector(`#main .page-actions ${takes}`))?.requestSubmit();
};

const commands = document.getElementById("commands"), command = document.getElementById("command");
const openCommands = typed => {
  command.value = typeof typed === "string" ? typed : "";
  commands.showModal();
  command.focus();
  command.dispatchEvent(new CustomEvent("opened"));
};

// The field at the top of each page is the same search; without scripts it sends itself to the page of results.
document.addEventListener("pointerdown", e => {
  if (!e.target.matches?.("[data-opens-commands]")) return;
  e.preventDefault();
  openCommands(e.target.value);
});
document.addEventListener("keydown", e => {
  if (!e.target.matches?.("[data-opens-commands]") || e.key.length !== 1 || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  openCommands(e.target.value + e.key);
});

// The presence menu: arrows go through it, Enter chooses, Escape closes it as any menu.
const openPresence = () => {
  const menu = document.querySelector("#presence details");
  if (!menu) return;
  menu.open = true;
  menu.querySelector(".menu-item").focus();
};
document.addEventListener("keydown", e => {
  const menu = e.target.closest?.("#presence details[open]");
  if (!menu || e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
  const items = [...menu.querySelectorAll(".menu-item")];
  e.preventDefault();
  items[(items.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
});

// A letter that turns to a field of the bulk bar. The row with the focus is selected if none is.
const toField = key => {
  const field = document.querySelector(`#main .bulk-bar [data-key="${key}"]`), box = rowOf(document.activeElement)?.querySelector(".row-check input");
  if (!field || !document.querySelector("#main .row-check input:checked") && !box) return false;
  if (!document.querySelector("#main .row-check input:checked")) box.click();
  if (field.matches("button")) field.click();
  else field.focus();
  return true;
};
document.addEventListener("keydown", e => {
  const presses = e.key === "Enter" && e.target.matches("[data-presses]") && e.target.dataset.presses;
  if (!presses) return;
  e.preventDefault();
  document.getElementById(presses).click();
});

// The form of the open task: its first field, or the first outcome when it has none.
const fill = () => [...document.querySelectorAll("#task-form :is(input, select, textarea, .outcomes > button)")].find(seen)?.focus();

let went = -Infinity;
const letters = {
  e: fill,
  j: () => move(1),
  k: () => move(-1),
  c: claim,
  x: () => rowOf(document.activeElement)?.querySelector(".row-check input")?.click(),
  f: () => toField("f"),
  a: () => toField("a") || document.querySelector('#offers form[action$="/accept"]')?.requestSubmit(),
  d: () => {
    const reasons = document.querySelector("#offers .offer-decline");
    if (!reasons) return;
    reasons.open = true;
    reasons.querySelector("[data-reason]").focus();
  },
  ...Object.fromEntries(["1", "2", "3", "4"].map(number => [number, () =>
    document.activeElement?.closest("#offers .offer-decline")?.querySelector(`[data-reason="${number}"]`)?.click()])),
  n: () => document.getElementById("take-next").requestSubmit(),
  p: () => openPresence(),
  g: e => { went = e.timeStamp; },
  "/": () => openCommands(),
  "?": () => document.getElementById("keys").showModal(),
};
document.addEventListener("keydown", e => {
  if (e.defaultPrevented || e.isComposing || e.altKey || typesInto(e.target)) return;
  if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "k" && !e.shiftKey) {
    e.preventDefault();
    openCommands();
    return;
  }
  if (e.ctrlKey || e.metaKey || e.repeat && e.key !== "j" && e.key !== "k") return;
  const page = e.timeStamp - went < 1500 && document.querySelector(`[data-go="${CSS.escape(e.key)}"]`);
  went = -Infinity;
  if (!page && !Object.hasOwn(letters, e.key)) return;
  e.preventDefault();
  if (page) page.click();
  else letters[e.key](e);
});

// Dialogs close by their button, by Escape and by a click beside them.
document.addEventListener("click", e => {
  const opener = e.target.closest("[data-opens]");
  if (opener) document.getElementById(opener.dataset.opens).showModal();
  if (e.target.closest("[data-closes]") || e.target.matches("dialog")) e.target.closest("dialog").close();
});
