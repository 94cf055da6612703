// Draws the conversation. Runs inside gr.HTML, which gives `element`, `props`, `trigger` and `watch`.
// Text of customers, articles and the model only ever becomes text nodes: there is no innerHTML in this file.

const log = element.querySelector(".transcript");
log.setAttribute("role", "log");
log.setAttribute("aria-live", "polite");

let texts = {};
let drawn = []; // one entry for each exchange on the page: its node and the parts that change
let language = "";
let latest = 0; // number of what is drawn

function make(tag, classes, ...children) {
  const node = document.createElement(tag);
  if (classes) node.className = classes;
  node.append(...children.filter((child) => child !== null));
  return node;
}

function button(classes, label, act) {
  const node = make("button", classes, label);
  node.type = "button";
  node.addEventListener("click", act);
  return node;
}

function ask(text) {
  trigger("ask", { text });
}

function empty(value) {
  const examples = value.examples.map((text) => button("example", text, () => ask(text)));
  return make(
    "section", "empty",
    make("h2", "", texts.greeting), make("p", "", texts.about),
    make("p", "try", texts.try), make("div", "examples", ...examples),
  );
}

function draw(value) {
  if (value.at < latest) return;
  latest = value.at;
  document.documentElement.dataset.busy = value.busy;
  const near = element.scrollHeight - element.scrollTop - element.clientHeight < 120;
  const more = value.exchanges.length > drawn.length;
  if (value.language !== language || value.exchanges.length < drawn.length || !value.exchanges.length) {
    texts = value.texts;
    language = value.language;
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    drawn = [];
    log.replaceChildren(...(value.exchanges.length ? [] : [empty(value)]));
  }
  if (value.exchanges.length && !drawn.length) log.replaceChildren();
  value.exchanges.forEach((exchange, index) => {
    if (!drawn[index]) {
      drawn[index] = begin(exchange, index);
      log.append(drawn[index].node);
    }
    update(drawn[index], exchange, index);
  });
  if (near || more) element.scrollTop = element.scrollHeight;
}

function begin(exchange, index) {
  const parts = {};
  for (const name of ["answer", "status", "sources", "opinion"]) parts[name] = make("div", name);
  const question = make("div", "question", make("span", "unseen", `${texts.you}: `), exchange.question);
  const reply = make("div", "reply", make("span", "unseen", `${texts.bot}: `), ...Object.values(parts));
  return { node: make("article", "exchange", question, reply), parts, seen: {}, index };
}

// Redraw only the parts whose data has changed, so that an opened source stays open and a half-typed comment stays.
function update(drawing, exchange) {
  const over = !["searching", "writing"].includes(exchange.state);
  drawing.node.dataset.state = exchange.state;
  const redraw = (name, data, draw_) => {
    const key = JSON.stringify(data);
    if (drawing.seen[name] === key) return;
    drawing.seen[name] = key;
    drawing.parts[name].replaceChildren(...draw_());
  };
  redraw("sources", over && exchange.sources, () => (over ? sources(drawing, exchange) : []));
  redraw("answer", [exchange.answer, over && exchange.sources], () => answer(drawing, exchange, over));
  redraw("status", [exchange.state, exchange.problem, exchange.sources], () => status(exchange));
  redraw("opinion", [exchange.can_rate, exchange.rating, exchange.commented], () => opinion(drawing, exchange));
}

function answer(drawing, exchange, over) {
  const known = new Map(exchange.sources.map((source) => [source.n, source]));
  return exchange.answer.split(/(\[\d{1,2}\])/).filter(Boolean).map((piece) => {
    const source = /^\[\d+\]$/.test(piece) ? known.get(Number(piece.slice(1, -1))) : null;
    if (!source) return piece;
    const cite = button("cite", String(source.n), () => show(drawing.cards.get(source.n)));
    cite.setAttribute("aria-label", `${texts.source} ${source.n}: ${source.place}`);
    cite.title = source.place;
    cite.disabled = !over;
    return cite;
  });
}

function show(card) {
  card.open = true;
  card.classList.remove("shown");
  card.scrollIntoView({ block: "nearest", behavior: "smooth" });
  card.querySelector("summary").focus({ preventScroll: true });
  requestAnimationFrame(() => card.classList.add("shown"));
}

function sources(drawing, exchange) {
  drawing.cards = new Map(exchange.sources.map((source) => [source.n, card(source)]));
  return exchange.sources.length ? [make("h3", "", texts.sources), ...drawing.cards.values()] : [];
}

function card(source) {
  const quote = make("blockquote", "", ...quoted(source.quote));
  quote.lang = source.language;
  const head = make("summary", "", make("span", "number", String(source.n)), make("span", "place", source.place));
  return make("details", "source", head, quote, link(source.url));
}

// Articles are plain Markdown: headings, list points and table rows are shown as such, everything else as it is.
function quoted(text) {
  const lines = text.split("\n").filter((line) => !/^\|[\s|:-]+\|$/.test(line));
  return lines.flatMap((line) => {
    const heading = line.match(/^#{1,6}\s+(.*)$/);
    if (heading) return [make("strong", "", heading[1]), "\n"];
    const row = line.match(/^\|(.*)\|$/);
    if (row) return [row[1].split("|").map((cell) => cell.trim()).join(" · "), "\n"];
    return [line.replace(/^\s*[-*]\s+/, "• "), "\n"];
  });
}

function link(address) {
  if (!/^https?:\/\//i.test(address)) return null; // nothing that could run, such as javascript:
  const node = make("a", "open", texts.open);
  node.href = address;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

function status(exchange) {
  if (exchange.state === "searching") return [make("span", "busy", texts.searching)];
  if (exchange.state === "writing") {
    const titles = [...new Set(exchange.sources.map((source) => source.place.split(" › ")[0]))].join(" · ");
    return [make("span", "busy", texts.writing), make("span", "titles", titles)];
  }
  if (exchange.state === "stopped") return [make("span", "notice", texts.stopped)];
  if (exchange.state === "failed") {
    const words = texts[exchange.problem] || texts.failed;
    return [make("span", "notice bad", words), button("again", texts.again, () => ask(exchange.question))];
  }
  return [];
}

function opinion(drawing, exchange) {
  if (!exchange.can_rate) return [];
  const thumb = (rating, label) => {
    const node = button("thumb", thumbPicture(), () => trigger("rate", { index: drawing.index, rating, comment: "" }));
    node.setAttribute("aria-label", label);
    node.title = label;
    node.dataset.rating = rating;
    node.setAttribute("aria-pressed", String(exchange.rating === rating));
    return node;
  };
  const thumbs = make("div", "thumbs", thumb(1, texts.up), thumb(-1, texts.down));
  if (!exchange.rating) return [thumbs];
  thumbs.append(make("span", "thanks", exchange.commented ? texts.thanks_comment : texts.thanks));
  return exchange.commented ? [thumbs] : [thumbs, commenting(drawing, exchange)];
}

function thumbPicture() {
  const picture = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  picture.setAttribute("viewBox", "0 0 24 24");
  line.setAttribute("d", "M7 11v9H4.5A1.5 1.5 0 0 1 3 18.5v-6A1.5 1.5 0 0 1 4.5 11zL11 3.5a2 2 0 0 1 2 2V9h5.6a2 2 0 0 1 2 2.3l-1.1 7a2 2 0 0 1-2 1.7H7");
  picture.append(line);
  return picture;
}

function commenting(drawing, exchange) {
  const field = make("input", "");
  field.maxLength = 2000;
  field.placeholder = exchange.rating > 0 ? texts.why_up : texts.why_down;
  field.setAttribute("aria-label", field.placeholder);
  const submit = make("button", "", texts.submit);
  const form = make("form", "comment", field, submit);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const comment = field.value.trim();
    if (comment) trigger("rate", { index: drawing.index, rating: exchange.rating, comment });
  });
  return form;
}

watch("value", () => draw(props.value));
draw(props.value);
