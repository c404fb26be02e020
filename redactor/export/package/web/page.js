"use strict";
(() => {
  const T = JSON.parse(document.getElementById("texts").textContent);
  const byId = (id) => document.getElementById(id);
  const MOST = 200;
  let texts = T.en;

  const make = (tag, set = {}, ...inside) => {
    const e = Object.assign(document.createElement(tag), set);
    e.append(...inside);
    return e;
  };
  const clock = (s) => {
    const two = (n) => String(n).padStart(2, "0");
    const at = Math.floor(s);
    const rest = `${two(Math.floor(at / 60) % 60)}:${two(at % 60)}`;
    return at >= 3600 ? `${Math.floor(at / 3600)}:${rest}` : rest;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // One letter for one, so that a place in the folded text is the same place in the text.
  const fold = (text) => Array.from(text, (c) => {
    const plain = c.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return plain.length === c.length ? plain : c.toLowerCase().length === c.length ? c.toLowerCase() : c;
  }).join("");

  const known = new Map();
  const linesOf = (id) => {
    if (!known.has(id)) {
      const holder = byId(`t${id}`);
      known.set(id, holder ? JSON.parse(holder.textContent) : []);
    }
    return known.get(id);
  };

  // Never as HTML: a transcript is what somebody said.
  const shown = (text, words) => {
    const folded = fold(text);
    const marks = new Uint8Array(text.length);
    for (const word of words) {
      for (let at = folded.indexOf(word); at >= 0; at = folded.indexOf(word, at + 1)) {
        marks.fill(1, at, at + word.length);
      }
    }
    const tags = [...text.matchAll(/<[A-Z][A-Z0-9_]*>/g)];
    const inTag = new Int32Array(text.length).fill(-1);
    tags.forEach((m, n) => inTag.fill(n, m.index, m.index + m[0].length));
    const out = make("span");
    for (let from = 0; from < text.length;) {
      let to = from + 1;
      while (to < text.length && marks[to] === marks[from] && inTag[to] === inTag[from]) to += 1;
      let node = document.createTextNode(text.slice(from, to));
      if (marks[from]) node = make("mark", {}, node);
      out.append(inTag[from] >= 0 ? make("span", { className: "tag" }, node) : node);
      from = to;
    }
    return out;
  };

  const playFrom = (id, at) => {
    const audio = byId(`a${id}`);
    if (!audio) return;
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
    audio.scrollIntoView({ block: "center" });
    const go = () => { audio.currentTime = at; audio.play().catch(() => {}); };
    if (audio.readyState > 0) go();
    else { audio.addEventListener("loadedmetadata", go, { once: true }); audio.load(); }
  };

  const entry = (id, line, words, name) => {
    const [start, , channel, text] = line;
    const item = make("li");
    if (byId(`a${id}`)) {
      const label = fill(texts.play, { time: clock(start), number: Number(id) });
      const button = make("button", { type: "button", textContent: clock(start) });
      button.setAttribute("aria-label", label);
      button.addEventListener("click", () => playFrom(id, start));
      item.append(button);
    } else {
      item.append(make("div", { className: "soft", textContent: clock(start) }));
    }
    const above = [name, channel === null ? "" : fill(texts.channel, { channel })].filter(Boolean).join(", ");
    item.append(make("div", {}, ...(above ? [make("div", { className: "soft", textContent: above })] : []),
      shown(text, words)));
    return item;
  };

  const cards = [...document.querySelectorAll("[data-recording]")];

  const search = () => {
    const words = fold(byId("words").value).split(/\s+/).filter(Boolean);
    const hits = byId("hits");
    hits.replaceChildren();
    byId("found").hidden = !words.length;
    if (!words.length) { byId("status").textContent = texts.nothing; return; }
    let count = 0;
    for (const card of cards) {
      const id = card.dataset.recording;
      for (const line of linesOf(id)) {
        const folded = fold(line[3]);
        if (!words.every((word) => folded.includes(word))) continue;
        count += 1;
        if (count <= MOST) hits.append(entry(id, line, words, card.querySelector("h3").textContent));
      }
    }
    const text = count === 0 ? texts.none : count === 1 ? texts.one : count > MOST ? texts.many : texts.some;
    byId("status").textContent = fill(text, { count, most: MOST });
  };

  const openTranscript = (card) => {
    const id = card.dataset.recording;
    const list = card.querySelector(".lines");
    if (!list || list.children.length) return;
    list.append(...linesOf(id).map((line) => entry(id, line, [], "")));
  };

  const follow = (card) => {
    const audio = card.querySelector("audio");
    if (!audio) return;
    const id = card.dataset.recording;
    audio.addEventListener("timeupdate", () => {
      const items = card.querySelectorAll(".lines > li");
      if (!items.length) return;
      linesOf(id).forEach(([start, end], n) => {
        items[n].classList.toggle("now", start <= audio.currentTime && audio.currentTime < end);
      });
    });
    audio.addEventListener("error", () => { card.querySelector(".unplayable").hidden = false; });
  };

  const say = (language) => {
    texts = T[language];
    document.documentElement.lang = language;
    document.title = texts.title;
    for (const e of document.querySelectorAll("[data-text]")) {
      e.textContent = fill(texts[e.dataset.text], e.dataset);
    }
    for (const e of document.querySelectorAll("[data-label]")) {
      e.setAttribute("aria-label", fill(texts[e.dataset.label], e.dataset));
    }
    const other = byId("language");
    other.lang = language === "de" ? "en" : "de";
    other.textContent = language === "de" ? "English" : "Deutsch";
    for (const list of document.querySelectorAll(".lines")) list.replaceChildren();
    for (const card of cards) if (card.querySelector("details[open]")) openTranscript(card);
    search();
  };

  for (const card of cards) {
    const details = card.querySelector("details");
    if (details) details.addEventListener("toggle", () => { if (details.open) openTranscript(card); });
    follow(card);
  }
  byId("search").addEventListener("submit", (event) => { event.preventDefault(); search(); });
  byId("words").addEventListener("search", search);
  byId("language").addEventListener("click", () => say(document.documentElement.lang === "de" ? "en" : "de"));
  for (const e of document.querySelectorAll("[data-needs-script]")) e.hidden = false;
  for (const e of document.querySelectorAll("[data-without-script]")) e.remove();
  say((navigator.language || "").toLowerCase().startsWith("de") ? "de" : "en");
})();
