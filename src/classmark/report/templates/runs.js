// Without this the table is a plain one: sorting, filters and the command that compares are shown from here.
(() => {
  const table = document.getElementById("runs");
  const body = table.tBodies[0];
  const headings = [...table.tHead.rows[0].cells];
  const rows = [...body.rows];
  const value = (row, column) => row.cells[column].dataset.value;
  const isNumber = (text) => text !== "" && !Number.isNaN(Number(text));

  // What has no value stands last either way.
  const compare = (column, sign) => (a, b) => {
    const [left, right] = [value(a, column), value(b, column)];
    if (left === "" || right === "") return (left === "") - (right === "");
    if (isNumber(left) && isNumber(right)) return sign * (left - right);
    return sign * left.localeCompare(right, undefined, { numeric: true });
  };

  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      body.append(...rows.sort(compare(column, falling ? -1 : 1)));
    });
  });

  const form = document.querySelector(".find");
  const counted = form.querySelector("output");
  const filter = () => {
    const fields = new FormData(form);
    const words = fields.get("text").trim().toLowerCase().split(/\s+/);
    const chosen = ["recipe", "data", "state", "seed"].filter((name) => fields.get(name));
    rows.forEach((row) => {
      const said = ["recipe", "data"].map((name) => row.dataset[name]).concat(value(row, 0)).join(" ").toLowerCase();
      row.hidden = !words.every((word) => said.includes(word)) || chosen.some((name) => row.dataset[name] !== fields.get(name));
    });
    const shown = rows.filter((row) => !row.hidden).length;
    counted.textContent = shown === rows.length ? "" : `${shown} of ${rows.length} runs`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());

  const bar = document.getElementById("chosen");
  const [code, copy, said] = bar.children;
  let ticked = [];
  const show = () => {
    bar.hidden = ticked.length === 0;
    copy.disabled = ticked.length < 2;
    copy.textContent = "Copy";
    said.textContent = "";
    if (ticked.length < 2) {
      code.textContent = "Tick another run to compare it with this one.";
      return;
    }
    code.textContent = `classmark compare ${ticked.map((row) => row.dataset.path).join(" ")}`;
    const [a, b] = ticked.map((row) => row.dataset.rows);
    if (a && b && a !== b) said.textContent = "Their data or its split differs; compare takes runs on the same test rows.";
  };
  rows.forEach((row) => {
    const box = row.querySelector("input");
    box.hidden = false;
    box.addEventListener("change", () => {
      ticked = ticked.filter((one) => one !== row);
      if (box.checked) ticked.push(row);
      while (ticked.length > 2) ticked.shift().querySelector("input").checked = false;
      show();
    });
  });
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    copy.textContent = "Copied";
  });
})();
