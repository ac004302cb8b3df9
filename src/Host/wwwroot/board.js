// The board (docs/board.md): open tasks are dragged to a person or a team. If the dragged one is selected, all selected ones go with it.
let dragged = [], stale = false;
const targets = "[data-drop-person], [data-drop-team]";
const over = target => document.querySelectorAll(".drop").forEach(each => each !== target && each.classList.remove("drop"));
document.addEventListener("dragstart", e => {
  const row = e.target.closest?.("[data-task]");
  if (!row) return;
  const selected = [...document.querySelectorAll("[data-task]:has(.row-check input:checked)")];
  dragged = (selected.includes(row) ? selected : [row]).map(each => each.dataset.task);
  e.dataTransfer.setData("text/plain", row.querySelector("strong").textContent);
  e.dataTransfer.effectAllowed = "move";
  document.body.classList.add("dragging");
});
document.addEventListener("dragover", e => {
  const target = dragged.length && e.target.closest?.(targets);
  over(target);
  if (!target) return;
  e.preventDefault();
  e.dataTransfer.dropEffect = "move";
  target.classList.add("drop");
});
document.addEventListener("dragend", () => {
  dragged = [];
  over();
  document.body.classList.remove("dragging");
  if (stale) document.body.dispatchEvent(new CustomEvent("task-changed"));
  stale = false;
});
// Nothing changes under the pointer; what was missed comes afterwards.
document.addEventListener("htmx:before:swap", e => {
  if (!dragged.length) return;
  e.preventDefault();
  stale = true;
});
document.addEventListener("drop", async e => {
  const target = dragged.length && e.target.closest?.(targets);
  if (!target) return;
  e.preventDefault();
  const { dropPerson: person, dropTeam: team } = target.dataset, tasks = dragged;
  dragged = [];
  over();
  await send(person ? "assign" : "forward", person ? { ":person": person } : { ":team": team }, tasks);
});

// One verb on tasks, each named with the revision that the page shows. Messages say how it went.
const send = async (verb, fields, tasks) => {
  const body = new URLSearchParams({ ":operation": crypto.randomUUID(), ":verb": verb, ...fields });
  tasks.forEach(task => body.append(":task", task));
  const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
  const answer = await fetch("/tasks/bulk", { method: "POST", body, headers: { "HX-Request": "true", "X-Csrf-Token": csrf } }).catch(() => undefined);
  if (!answer) {
    document.dispatchEvent(new CustomEvent("htmx:error"));
    return;
  }
  document.getElementById("toasts").insertAdjacentHTML("beforeend", await answer.text());
  document.querySelectorAll("#backlog .row-check input:checked").forEach(box => { box.checked = false; box.dispatchEvent(new Event("change", { bubbles: true })); });
  document.body.dispatchEvent(new CustomEvent("task-changed"));
};

// Who gets the task of a row, or the selected ones. The names are fetched for these tasks; when everything that the list matches is selected, the form of
// the bar is sent, which says so.
const assign = document.getElementById("assign"), who = document.getElementById("assign-who");
let giving;
const openAssign = opener => {
  const row = opener.closest("[data-task]"), bar = opener.closest(".bulk-bar");
  const tasks = row ? [row.dataset.task] : [...document.querySelectorAll("#backlog .row-check input:checked")].map(box => box.value);
  const all = bar?.querySelector("[data-bulk-matches]")?.value ? bar : undefined;
  if (!tasks.length) return;
  giving = { verb: opener.dataset.assign, tasks, all };
  const what = row ? `“${row.querySelector("strong").textContent}”` : all ? "all that match" : tasks.length === 1 ? "1 task" : `${tasks.length} tasks`;
  document.getElementById("assign-title").textContent = `${giving.verb === "offer" ? "Offer" : "Assign"} ${what}`;
  document.getElementById("assign-tasks").replaceChildren(hidden("verb", giving.verb), ...tasks.map(task => hidden("task", task.split(":")[0])));
  document.getElementById("assign-list").replaceChildren();
  who.value = "";
  assign.showModal();
  who.focus();
  who.dispatchEvent(new CustomEvent("opened"));
};
const hidden = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });
const give = person => {
  const { tasks, all } = giving, verb = person ? giving.verb : "release";
  assign.close();
  if (!all) return send(verb, { ":person": person }, tasks);
  all.append(hidden(":verb", verb), hidden(":person", person));
  all.requestSubmit();
};
document.addEventListener("click", e => {
  const opener = e.target.closest("[data-assign]"), choice = e.target.closest("#assign [data-person]");
  if (choice) give(choice.dataset.person);
  if (!opener || e.ctrlKey || e.metaKey || e.shiftKey) return;
  e.preventDefault();
  openAssign(opener);
});
