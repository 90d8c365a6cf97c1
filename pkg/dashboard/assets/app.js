"use strict";

// Everything that comes from a run is put into the page as text, never as markup.

const pad = (n) => String(n).padStart(2, "0");

function span(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${pad(s % 60)}s`;
  return `${Math.floor(s / 3600)}h${pad(Math.floor(s / 60) % 60)}m`;
}

function ago(ms) {
  for (const [unit, size] of [["day", 864e5], ["hour", 36e5], ["minute", 6e4]]) {
    if (ms >= size) return new Intl.RelativeTimeFormat("en").format(-Math.floor(ms / size), unit);
  }
  return "just now";
}

// clocks keeps relative times and durations of unfinished runs going.
function clocks() {
  const now = Date.now();
  for (const t of document.querySelectorAll("time")) {
    t.title ||= t.textContent;
    t.textContent = ago(now - Date.parse(t.dateTime));
  }
  for (const d of document.querySelectorAll(".took")) {
    const to = d.dataset.to ? Date.parse(d.dataset.to) : now;
    d.textContent = span(to - Date.parse(d.dataset.from));
  }
}

function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

function badge(e, state) {
  e.className = "badge " + String(state).replace(/[^a-z]/g, "");
  e.textContent = state;
}

// The list renews itself, as long as somebody looks.
function list() {
  const renew = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("runs");
      if (fresh) document.getElementById("runs").replaceWith(fresh);
      clocks();
    } catch { /* the server is away; the next try may find it */ }
  };
  setInterval(renew, 10000);
  document.addEventListener("visibilitychange", renew);
}

const chunkLines = 500;
const mostChunks = 100; // of one step: what a browser shows without trouble

function runPage(main) {
  const $ = (id) => document.getElementById(id);
  const sections = new Map();
  let finished = main.dataset.finished === "true";
  let following = !finished && !location.hash;
  let wanted = decodeURIComponent(location.hash.slice(1));
  let waiting = [];
  let lastID = "";
  let drawn = false;

  function section(task, step) {
    const key = `${task}/${step}`;
    let s = sections.get(key);
    if (s) return s;
    s = { key, last: 0, chunks: [], item: make("li"), details: make("details"), summary: make("summary") };
    s.details.open = true;
    s.details.id = key;
    s.badge = make("span", "badge waiting", "waiting");
    s.note = make("span", "note");
    s.raw = make("a", "", "raw");
    s.raw.hidden = true;
    s.raw.download = "";
    s.summary.append(make("span", "", `${task} › ${step}`), s.badge, s.note, s.raw);
    s.body = make("div");
    s.details.append(s.summary, s.body);
    s.dot = make("span", "badge waiting");
    s.took = make("span", "num");
    const link = make("a"), name = make("span", "", step);
    name.append(make("small", "", task));
    link.href = "#" + encodeURIComponent(key);
    link.addEventListener("click", () => { s.details.open = true; stopFollowing(); });
    link.append(s.dot, name, s.took);
    s.item.append(link);
    $("steps").append(s.item);
    $("log").append(s.details);
    $("empty").hidden = true;
    sections.set(key, s);
    return s;
  }

  // order moves sections only when it must, because moving makes the page jump.
  function order(steps) {
    const wanted = steps.map((step) => section(step.task, step.step));
    const items = [...$("steps").children];
    if (wanted.every((s, i) => items[i] === s.item)) return;
    $("steps").append(...wanted.map((s) => s.item));
    $("log").append(...wanted.map((s) => s.details));
  }

  function showSteps(steps) {
    order(steps);
    for (const step of steps) {
      const s = section(step.task, step.step);
      badge(s.badge, step.state);
      badge(s.dot, step.state);
      s.dot.title = step.state;
      s.took.textContent = step.started ? span((step.ended ? Date.parse(step.ended) : Date.now()) - Date.parse(step.started)) : "";
      const notes = [step.reason, step.exitCode ? `exit code ${step.exitCode}` : "", step.incomplete];
      s.note.textContent = notes.filter(Boolean).join(", ");
      s.raw.href = step.rawLog;
    }
  }

  function showRun(run) {
    badge($("state"), run.state);
    $("description").textContent = run.description || "";
    if (run.completed) $("took").dataset.to = run.completed;
    if (run.logURL || run.logPath) {
      const stored = $("stored").querySelector("a") || $("stored");
      stored.textContent = run.logURL || run.logPath;
    }
    $("trouble").textContent = run.logMessage || "";
    $("trouble").hidden = !run.logMessage;
    $("raw").hidden = !run.archived;
    for (const s of sections.values()) s.raw.hidden = !run.archived;
    finished = run.finished;
    document.title = `${run.finished ? run.state + ": " : ""}${run.job} ${run.buildID} · Pharos`;
    clocks();
  }

  function add(line) {
    const s = section(line.task, line.step);
    if (line.number <= s.last) return; // seen before the connection broke
    s.last = line.number;
    let chunk = s.chunks.at(-1);
    if (!chunk || chunk.childElementCount >= chunkLines) {
      chunk?.classList.add("full");
      chunk = make("div", "chunk");
      s.chunks.push(chunk);
      s.body.append(chunk);
      if (s.chunks.length > mostChunks) {
        s.chunks.shift().remove();
        s.dropped ||= s.body.insertBefore(make("p", "dropped"), s.body.firstChild);
        s.dropped.textContent = `Lines up to ${(s.last - 1) - (mostChunks - 1) * chunkLines} are in the raw log only.`;
      }
    }
    const row = make("div", "line"), number = make("a", "", line.number);
    row.id = `${s.key}:L${line.number}`;
    number.href = "#" + encodeURIComponent(row.id);
    if (line.time) row.title = line.time;
    row.append(number, make("span", "", line.text));
    chunk.append(row);
    if (row.id === wanted) { wanted = ""; requestAnimationFrame(() => mark(row)); }
  }

  function draw() {
    drawn = false;
    const lines = waiting;
    waiting = [];
    for (const line of lines) add(line);
    if (following) scrollTo(0, document.documentElement.scrollHeight);
    button();
  }

  function mark(row) {
    for (const old of document.querySelectorAll(".line.mark")) old.classList.remove("mark");
    row.classList.add("mark");
    row.closest("details").open = true;
    row.scrollIntoView({ block: "center" });
  }

  function stopFollowing() { following = false; button(); }
  function button() { $("follow").hidden = following || finished || sections.size === 0; }

  // A person who scrolls up wants to read; at the bottom again, to follow.
  let lastTop = scrollY;
  addEventListener("scroll", () => {
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 40;
    if (scrollY < lastTop - 2 && !atEnd) following = false;
    else if (atEnd && !finished) following = true;
    lastTop = scrollY;
    button();
  }, { passive: true });
  $("follow").addEventListener("click", () => { following = true; draw(); });
  addEventListener("hashchange", () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row?.classList.contains("line")) { stopFollowing(); mark(row); }
  });

  function connect() {
    const source = new EventSource(main.dataset.events + (lastID ? "?after=" + encodeURIComponent(lastID) : ""));
    const on = (name, f) => source.addEventListener(name, (e) => f(JSON.parse(e.data), e));
    on("state", showRun);
    on("step", showSteps);
    on("trouble", (t) => { $("trouble").textContent = t.message; $("trouble").hidden = false; });
    on("line", (line, e) => {
      lastID = e.lastEventId;
      waiting.push(line);
      if (!drawn) { drawn = true; setTimeout(draw, 50); }
    });
    on("end", () => {
      source.close();
      finished = true;
      draw();
      if (![...sections.values()].some((s) => s.last > 0)) {
        $("empty").textContent = "This run ended without printing anything.";
        $("empty").hidden = false;
      }
    });
    // A browser gives up on its own when it gets an error answer, for example while a proxy has no server.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
    });
  }
  connect();
}

clocks();
setInterval(clocks, 1000);
if (document.getElementById("list")) list();
const main = document.getElementById("run");
if (main) runPage(main);
