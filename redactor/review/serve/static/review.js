// The player of the review page. Without it the page works with the browser's own player and typed times.
"use strict";

(() => {
  const SEEK_S = 2;
  const SHORTEST_DRAG_PX = 6;
  const ALIVE_EVERY_MS = 240000;
  const $ = (id) => document.getElementById(id);
  const audio = $("audio");
  if (!audio) return;

  document.documentElement.classList.add("js");
  audio.controls = false;
  const duration = Number(audio.dataset.duration);
  const form = $("verdict");
  const speeds = [...document.querySelectorAll("input[name=speed]")];
  const opinions = [...form.querySelectorAll("input[name=opinion]")];
  const words = [...document.querySelectorAll("[data-start]")].map((element) => ({
    element, start: Number(element.dataset.start), end: Number(element.dataset.end),
  }));

  const clock = (s) => {
    const tenths = Math.round(s * 10);
    const rest = tenths % 600;
    return `${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
  };
  const say = (text) => { $("status").textContent = text; };
  const share = (s) => `${(100 * Math.min(Math.max(s / duration, 0), 1)).toFixed(3)}%`;

  // Playing.

  const toggle = () => {
    if (!audio.paused) { audio.pause(); return; }
    if (audio.ended) audio.currentTime = 0;
    stopAt = null;
    audio.play().catch(() => say("The sound cannot be played. Load the page again."));
  };
  const seek = (s) => {
    audio.currentTime = Math.min(Math.max(s, 0), Number.isFinite(audio.duration) ? audio.duration : duration);
    show();
  };
  const setSpeed = (input) => {
    input.checked = true;
    audio.playbackRate = Number(input.value);
    say(`Speed ${input.value}×`);
  };
  const changeSpeed = (by) => {
    const at = speeds.findIndex((s) => s.checked);
    setSpeed(speeds[Math.min(Math.max(at + by, 0), speeds.length - 1)]);
  };
  let stopAt = null;

  const show = () => {
    const now = audio.currentTime;
    $("playhead").hidden = false;
    $("playhead").style.left = share(now);
    $("time").textContent = `${clock(now)} of ${clock(duration)}`;
    $("seek").value = String(now);
    $("seek").setAttribute("aria-valuetext", `${clock(now)} of ${clock(duration)}`);
    for (const word of words) {
      const isNow = !audio.paused && word.start <= now && now < word.end;
      if (isNow !== word.element.classList.contains("now")) {
        word.element.classList.toggle("now", isNow);
        if (isNow) keepInSight(word.element);
      }
    }
    if (stopAt !== null && now >= stopAt) { stopAt = null; audio.pause(); }
  };
  // Within the transcript alone: the page itself must not jump under somebody's hands.
  const keepInSight = (element) => {
    const box = $("transcript");
    const inner = element.getBoundingClientRect();
    const outer = box.getBoundingClientRect();
    if (inner.top < outer.top || inner.bottom > outer.bottom) {
      box.scrollTop += inner.top - outer.top - outer.height / 3;
    }
  };
  const frame = () => { show(); if (!audio.paused) requestAnimationFrame(frame); };

  audio.addEventListener("play", () => { $("play").textContent = "Pause"; frame(); });
  audio.addEventListener("pause", () => { $("play").textContent = "Play"; show(); });
  audio.addEventListener("ended", () => { show(); say("That was all of it."); });
  audio.addEventListener("timeupdate", show);
  audio.addEventListener("error", () => say("The sound cannot be loaded. Load the page again."));
  audio.addEventListener("contextmenu", (event) => event.preventDefault());
  $("play").addEventListener("click", toggle);
  $("back").addEventListener("click", () => seek(audio.currentTime - SEEK_S));
  $("forward").addEventListener("click", () => seek(audio.currentTime + SEEK_S));
  $("seek").addEventListener("input", () => seek(Number($("seek").value)));
  for (const input of speeds) input.addEventListener("change", () => setSpeed(input));
  for (const button of document.querySelectorAll("[data-at]")) {
    button.addEventListener("click", () => seek(Number(button.dataset.at)));
  }

  // Marks. The rows of the form are the truth; the picture shows them.

  const rows = () => [...form.querySelectorAll(".row")];
  const field = (row, name) => row.querySelector(`[name=mark_${name}]`);
  const isBlank = (row) => !field(row, "start").value.trim() && !field(row, "end").value.trim();
  const seconds = (text) => {
    const found = /^(?:(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(text.trim());
    return found ? 60 * Number(found[1] || 0) + Number(found[2].replace(",", ".")) : NaN;
  };
  let begun = null;
  let last = null;

  const draw = () => {
    const stretches = rows().filter((row) => !row.hidden)
      .map((row) => [seconds(field(row, "start").value), seconds(field(row, "end").value)])
      .filter(([start, end]) => start < end);
    if (begun !== null) stretches.push([begun, Math.max(audio.currentTime, begun)]);
    $("marks").replaceChildren(...stretches.map(([start, end]) => {
      const box = document.createElement("div");
      box.style.left = share(start);
      box.style.width = share(end - start);
      return box;
    }));
  };
  const number = () => rows().filter((row) => !row.hidden).forEach((row, index) => {
    row.querySelector(".number").textContent = String(index + 1);
  });
  const freeRow = () => {
    let row = rows().find(isBlank);
    if (!row) {
      row = rows()[0].cloneNode(true);
      for (const input of row.querySelectorAll("input, select")) input.value = "";
      rows().at(-1).after(row);
    }
    row.hidden = false;
    number();
    return row;
  };
  const clear = (row) => {
    for (const input of row.querySelectorAll("input, select")) input.value = "";
    row.hidden = true;
    number();
    draw();
  };
  const addMark = (start, end) => {
    last = freeRow();
    field(last, "start").value = start.toFixed(2);
    field(last, "end").value = Math.min(end, duration).toFixed(2);
    if (!opinions.some((o) => o.checked)) choose(1);
    draw();
    say(`Marked ${clock(start)} to ${clock(end)}. Pick what it is (T).`);
  };
  const setBegun = (at) => {
    begun = at;
    $("mark").setAttribute("aria-pressed", String(at !== null));
    $("mark").textContent = at === null ? "Start of mark" : "End of mark";
    draw();
  };
  const mark = () => {
    const now = audio.currentTime;
    if (begun === null) { setBegun(now); say(`Mark starts at ${clock(now)}. M again is its end.`); return; }
    const [start, end] = [Math.min(begun, now), Math.max(begun, now)];
    setBegun(null);
    if (end > start) addMark(start, end); else say("A mark has to end after it starts. It was dropped.");
  };
  const choose = (index) => {
    opinions[index].checked = true;
    say(`Verdict: ${opinions[index].parentElement.querySelector("strong").textContent}`);
  };

  $("mark").addEventListener("click", mark);
  $("add").addEventListener("click", () => field(freeRow(), "start").focus());
  form.addEventListener("input", draw);
  form.addEventListener("click", (event) => {
    const row = event.target.closest(".row");
    if (!row) return;
    if (event.target.matches(".remove")) {
      clear(row);
      $("add").focus();
    } else if (event.target.matches(".hear")) {
      const [start, end] = [seconds(field(row, "start").value), seconds(field(row, "end").value)];
      if (!(start < end)) { say("This stretch has no times yet."); return; }
      seek(start);
      audio.play().then(() => { stopAt = end; });
    }
  });
  audio.addEventListener("timeupdate", () => { if (begun !== null) draw(); });
  rows().filter(isBlank).forEach((row) => { row.hidden = true; });
  number();
  draw();

  // On the picture: a press goes there, a drag marks.

  const wave = $("wave");
  let dragged = null;
  const timeAt = (event) => {
    const box = wave.getBoundingClientRect();
    return duration * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  wave.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    dragged = { x: event.clientX, start: timeAt(event) };
    wave.setPointerCapture(event.pointerId);
  });
  wave.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const { x, start } = dragged;
    dragged = null;
    const end = timeAt(event);
    if (Math.abs(event.clientX - x) < SHORTEST_DRAG_PX) seek(end);
    else addMark(Math.min(start, end), Math.max(start, end));
  });
  wave.addEventListener("pointercancel", () => { dragged = null; });

  // Keys.

  const save = () => form.requestSubmit($("save"));
  const keys = {
    " ": toggle,
    ArrowLeft: () => seek(audio.currentTime - SEEK_S),
    ArrowRight: () => seek(audio.currentTime + SEEK_S),
    ArrowUp: () => changeSpeed(1),
    ArrowDown: () => changeSpeed(-1),
    m: mark,
    t: () => { if (last && !last.hidden) field(last, "type").focus(); else say("Nothing is marked yet."); },
    c: () => form.elements.comment.focus(),
    "?": () => { $("help").open = !$("help").open; },
    Enter: save,
  };
  for (const index of [0, 1, 2, 3]) keys[String(index + 1)] = () => choose(index);

  const takesKeys = (element, key) => {
    if (element.matches("textarea, select, input[type=text]")) return true;
    if (element.matches("input[type=radio], input[type=range]")) return key.startsWith("Arrow") || key === " ";
    if (element.matches("#transcript")) return key === "ArrowUp" || key === "ArrowDown";
    return element.matches("button, a, summary, input") && (key === " " || key === "Enter");
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (event.key === "Escape") { $("play").focus(); return; }
    if (!$("keys").checked || takesKeys(event.target, event.key)) return;
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // A session ends when nobody does anything; listening is doing something.
  let isActive = false;
  for (const kind of ["keydown", "pointerdown"]) {
    document.addEventListener(kind, () => { isActive = true; });
  }
  setInterval(() => {
    if (isActive || !audio.paused) fetch("/alive", { cache: "no-store" }).catch(() => {});
    isActive = false;
  }, ALIVE_EVERY_MS);

  const alertBox = $("alert");
  if (alertBox) alertBox.focus();
  show();
})();
