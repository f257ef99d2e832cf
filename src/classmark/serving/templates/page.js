"use strict";
const facts = JSON.parse(document.getElementById("facts").textContent);
const part = (id) => document.getElementById(id);
const FEW = 10;
let image = null;
let running = null;

function model() {
  return facts.models[Math.max(0, part("model").selectedIndex)];
}

function showModel() {
  part("text-part").hidden = model().kind !== "text";
  part("image-part").hidden = model().kind !== "images";
  clear();
}

function clear() {
  for (const id of ["error", "result"]) part(id).hidden = true;
  part("state").textContent = "";
}

function fail(sentence) {
  part("result").hidden = true;
  part("error").textContent = sentence;
  part("error").hidden = false;
}

function take(file) {
  if (!file) return;
  image = file;
  clear();
  part("drop-words").textContent = file.name;
  const preview = part("preview");
  if (preview.src) URL.revokeObjectURL(preview.src);
  preview.hidden = true;
  preview.onload = () => { preview.hidden = false; };
  preview.src = URL.createObjectURL(file);
}

function worded(detail) {
  return detail && detail.replace(/,? or leave such rows out: \S+$/, ".");  // there is but one
}

function request() {
  const headers = {};
  if (part("key").value) headers.Authorization = "Bearer " + part("key").value;
  if (model().kind === "images") {
    if (!image) throw new Error("Choose an image first.");
    if (image.size > facts.bytes) throw new Error(`The file has ${image.size.toLocaleString("en")} bytes, more than the ${facts.bytes.toLocaleString("en")} that are read.`);
    const body = new FormData();
    body.append("file", image, image.name);
    return { headers, body };
  }
  const text = part("text").value;
  if (!text.trim()) throw new Error("Type a text first.");
  return { headers: { ...headers, "Content-Type": "application/json" }, body: JSON.stringify({ text }) };
}

async function classify() {
  if (running) return;
  clear();
  let sent;
  try {
    sent = request();
  } catch (error) {
    fail(error.message);
    (model().kind === "text" ? part("text") : part("file")).focus();
    return;
  }
  running = new AbortController();
  const started = Date.now();
  const late = setTimeout(() => running && running.abort("late"), 2000 * facts.seconds + 5000);
  busy(true);
  part("state").textContent = "Waiting for the answer …";
  const clock = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    if (seconds >= 2) part("state").textContent = `Still waiting, ${seconds} seconds so far. The network or the service is slow.`;
  }, 1000);
  try {
    const address = "models/" + encodeURIComponent(model().name) + "/predict";
    const answer = await fetch(address, { method: "POST", signal: running.signal, ...sent });
    const content = await answer.json().catch(() => ({}));
    part("state").textContent = "";
    if (answer.ok) show(content);
    else fail(worded(content.detail) || `The service answered with status ${answer.status}.`);
    if (answer.status === 401) part("key").focus();
  } catch (error) {
    part("state").textContent = "";
    if (!running.signal.aborted) fail("The service cannot be reached. Check that it runs, then try again.");
    else if (running.signal.reason === "late") fail("The service did not answer in time. Try again.");
    else part("state").textContent = "Cancelled.";
  } finally {
    clearInterval(clock);
    clearTimeout(late);
    running = null;
    busy(false);
  }
}

function busy(is) {
  const hadFocus = document.activeElement === part("cancel");
  part("go").disabled = is;
  part("cancel").hidden = !is;
  document.querySelector("main").setAttribute("aria-busy", String(is));
  if (hadFocus && !is) part("go").focus();
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function percent(share) {
  const shown = (100 * share).toFixed(1);
  if (share < 1 && shown === "100.0") return "> 99.9 %";
  return share > 0 && shown === "0.0" ? "< 0.1 %" : shown + " %";
}

function bar([name, share], chosen) {
  const row = element("li", name === chosen ? "chosen" : "");
  row.append(element("span", "name", name), element("span", "share", percent(share)));
  const track = element("div", "track");
  track.setAttribute("aria-hidden", "true");
  const filled = element("span");
  filled.style.width = 100 * share + "%";
  track.append(filled);
  row.append(track);
  return row;
}

function show(content) {
  const found = content.predictions[0];
  const shares = Object.entries(found.probabilities).sort((a, b) => b[1] - a[1]);
  part("result-head").textContent = found.predicted;
  part("unsure").hidden = found.answered !== false;
  const bars = (count) => part("bars").replaceChildren(...shares.slice(0, count).map((one) => bar(one, found.predicted)));
  bars(FEW);
  const all = part("all");
  all.hidden = shares.length <= FEW;
  all.textContent = `Show all ${shares.length} classes`;
  all.onclick = () => { bars(shares.length); all.hidden = true; part("result").focus(); };
  part("set").hidden = !found.set;
  if (found.set) {
    const names = found.set.flatMap((name) => [element("span", "", name), " "]);
    const words = `These hold the right one for ${percent(model().sets)} of inputs like those of validation.`;
    const empty = "No class is likely enough: this may be none of them.";
    part("set").replaceChildren(element("b", "", "Prediction set: "), ...names, element("small", "", names.length ? words : empty));
  }
  part("notes").replaceChildren(...content.notes.map((note) => element("li", "", note)));
  part("result").hidden = false;
  part("state").textContent = `Done: ${found.predicted}, ${percent(found.probabilities[found.predicted])}.`;
}

if (facts.models.length === 1) document.querySelector("h1").append(` ${facts.models[0].name}`);
for (const one of facts.models) part("model").append(new Option(one.name));
part("model-row").hidden = facts.models.length < 2;
part("key-row").hidden = !facts.has_key;
part("model").addEventListener("change", showModel);
part("form").addEventListener("submit", (event) => { event.preventDefault(); classify(); });
part("cancel").addEventListener("click", () => running && running.abort("cancelled"));
part("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); classify(); }
});
part("file").addEventListener("change", () => take(part("file").files[0]));
const drop = part("drop");
for (const name of ["dragenter", "dragover"]) {
  drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
}
for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  event.preventDefault();
  const file = event.dataTransfer.files[0];
  if (!file) return fail("That is no file. Drop an image file.");
  take(file);
  classify();
});
for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => event.preventDefault());
showModel();
