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
  const { dropPerson: person, dropTeam: team } = target.dataset;
  const fields = new URLSearchParams({ ":operation": crypto.randomUUID(), ":verb": person ? "assign" : "forward" });
  fields.append(person ? ":person" : ":team", person ?? team);
  dragged.forEach(task => fields.append(":task", task));
  dragged = [];
  over();
  const csrf = document.querySelector("meta[name=csrf]")?.content ?? "";
  const answer = await fetch("/tasks/bulk", { method: "POST", body: fields, headers: { "HX-Request": "true", "X-Csrf-Token": csrf } }).catch(() => undefined);
  if (!answer) {
    document.dispatchEvent(new CustomEvent("htmx:error"));
    return;
  }
  document.getElementById("toasts").insertAdjacentHTML("beforeend", await answer.text());
  document.querySelectorAll("#backlog .row-check input:checked").forEach(box => { box.checked = false; box.dispatchEvent(new Event("change", { bubbles: true })); });
  document.body.dispatchEvent(new CustomEvent("task-changed"));
});
