// Fields with a list of what is found while someone types: [role=combobox] that htmx fills the list of (docs/ui.md). The focus stays in the field,
// arrows choose, Enter takes. In a dialog the list is always open, and its first entry is chosen; elsewhere nothing is, so that Enter sends the form
// (unless the field has data-opens-first).
{
  const fieldOf = element => element?.matches?.("[role=combobox]") ? element : undefined;
  const listOf = field => document.getElementById(field.getAttribute("aria-controls"));
  const optionsOf = field => [...listOf(field).querySelectorAll("[role=option]")];
  const isFixed = field => Boolean(field.closest("dialog"));
  const beginsAtFirst = field => isFixed(field) || field.hasAttribute("data-opens-first");
  const choose = (field, at) => {
    const options = optionsOf(field);
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    if (options[at]) field.setAttribute("aria-activedescendant", options[at].id);
    else field.removeAttribute("aria-activedescendant");
    options[at]?.scrollIntoView({ block: "nearest" });
  };
  const open = (field, wanted) => {
    if (isFixed(field)) return;
    const isOpen = wanted && optionsOf(field).length > 0;
    listOf(field).hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(field, -1);
  };
  const take = (field, option) => {
    if (!option.dataset.fill) return option.click();
    for (const [id, value] of Object.entries(JSON.parse(option.dataset.fill))) document.getElementById(id).value = value;
    open(field, false);
  };

  document.addEventListener("htmx:after:swap", e => {
    const field = fieldOf(e.target);
    if (!field) return;
    open(field, document.activeElement === field);
    choose(field, beginsAtFirst(field) ? 0 : -1);
  });
  document.addEventListener("keydown", e => {
    const field = fieldOf(e.target);
    if (!field || e.isComposing) return;
    const options = optionsOf(field), at = options.findIndex(option => option.getAttribute("aria-selected") === "true");
    const isOpen = isFixed(field) || !listOf(field).hidden;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") {
      if (!options.length) return;
      open(field, true);
      choose(field, e.key === "ArrowDown" ? (at + 1) % options.length : (at <= 0 ? options.length : at) - 1);
    } else if (e.key === "Enter" && isOpen && (at >= 0 || isFixed(field))) {
      // A key held down since the list was opened chooses nothing.
      if (at >= 0 && !e.repeat) take(field, options[at]);
    } else if (e.key === "Escape" && isOpen && !isFixed(field)) open(field, false);
    else return;
    e.preventDefault();
  });
  // A press on an entry must not take the focus from the field, which would close the list before the click.
  document.addEventListener("mousedown", e => e.target.closest("[role=option]") && e.preventDefault());
  document.addEventListener("click", e => {
    const option = e.target.closest("[role=option][data-fill]");
    const field = option && document.querySelector(`[role=combobox][aria-controls="${option.closest("[role=listbox]").id}"]`);
    if (field) take(field, option);
  });
  document.addEventListener("focusout", e => fieldOf(e.target) && open(e.target, false));
}
