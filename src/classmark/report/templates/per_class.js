// Without this the table is a plain one: buttons and the search field are shown from here.
(() => {
  const table = document.getElementById("per-class");
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const name = (row) => row.cells[0].textContent;
  const value = (row, column) => row.cells[column].dataset.value;

  // What has no value stands last either way.
  const compare = (column, sign) => (a, b) => {
    if (column === 0) return sign * name(a).localeCompare(name(b), undefined, { numeric: true });
    const [left, right] = [value(a, column), value(b, column)];
    if (left === "" || right === "") return (left === "") - (right === "");
    return sign * (left - right);
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const rising = heading.getAttribute("aria-sort") !== "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", rising ? "ascending" : "descending");
      body.append(...rows.sort(compare(column, rising ? 1 : -1)));
    });
  });

  const field = document.getElementById("find-class");
  if (!field) return;
  const counted = field.parentElement.querySelector("output");
  field.parentElement.hidden = false;
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    rows.forEach((row) => { row.hidden = !name(row).toLowerCase().includes(wanted); });
    counted.textContent = wanted && `${rows.filter((row) => !row.hidden).length} of ${rows.length} classes`;
  });
})();
