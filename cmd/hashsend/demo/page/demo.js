"use strict";
const $ = id => document.getElementById(id);
const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text) e.textContent = text; return e; };
const clock = at => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const atEnd = ol => ol.scrollHeight - ol.scrollTop - ol.clientHeight < 60;

// The room.
function room(e) {
  const list = $("messages"), follow = atEnd(list);
  const of = e.of && document.getElementById("m-" + e.of);
  switch (e.kind) {
    case "sign": $("sign").textContent = e.text || ""; return;
    case "room": return;
    case "react": if (of) { const sign = make("span", "sign-react", e.text); sign.id = "m-" + e.id; of.querySelector(".body").append(sign); } return;
    case "edit": if (of) of.querySelector(".text").textContent = e.text; return;
    case "delete": if (of) of.remove(); return;
  }
  const name = e.name || "hashsend";
  const li = make("li", (e.kind === "notice" ? "notice" : "") + (e.thread ? " threaded" : ""));
  li.id = "m-" + e.id;
  const kind = !e.person ? "bot" : e.bridge ? "ann" : name.toLowerCase();
  li.append(make("span", "face " + kind, kind === "bot" ? "#" : name[0]));
  const body = make("div", "body"), head = make("div");
  head.append(make("span", "name", name), make("span", "time", clock(e.at)));
  body.append(head, make("div", "text", e.text));
  if (e.thread) {
    const answer = make("button", "link", "Answer in this thread");
    answer.type = "button";
    answer.onclick = () => enter(e.thread);
    body.append(answer);
    for (const old of list.querySelectorAll('[data-thread="' + e.thread + '"] button')) old.remove();
    li.dataset.thread = e.thread;
  }
  li.append(body);
  list.append(li);
  if (follow) list.scrollTop = list.scrollHeight;
}

let thread = "";
function enter(id) {
  thread = id;
  const root = id && document.querySelector("#m-" + id + " .text");
  $("where").textContent = id ? "in the thread “" + (root ? root.textContent : id) + "”" : "";
  $("leave").hidden = !id;
  $("said").focus();
}
$("leave").onclick = () => enter("");

// The mailbox.
let chosen = 0, newest, opening;
function mail(m) {
  const li = make("li"), b = make("button");
  b.type = "button";
  b.id = "mail-" + m.number;
  const from = make("span", "name", m.folder === "Sent" ? "Ann → " : "");
  from.append(m.folder === "Sent" ? m.subject : m.from);
  b.append(from, make("span", "time", clock(m.at)), make("span", "preview", (m.folder === "Sent" ? "" : m.subject + " — ") + m.text));
  b.onclick = () => choose(m);
  li.append(b);
  $("mails").prepend(li);
  if (m.folder === "INBOX" && !$("written").value.trim()) { newest = m; clearTimeout(opening); opening = setTimeout(() => choose(newest), 30); } // not below the hands of who writes
}
function choose(m) {
  chosen = m.number;
  for (const b of $("mails").querySelectorAll("button")) b.setAttribute("aria-current", b.id === "mail-" + m.number);
  $("reader").hidden = false;
  $("title").hidden = true;
  $("subject").textContent = m.subject;
  $("answering").textContent = "Answer to “" + m.subject + "” from " + m.from;
  show(false);
}
function show(source) {
  $("view-mail").setAttribute("aria-pressed", !source);
  $("view-source").setAttribute("aria-pressed", source);
  $("shown").src = "/mail/" + chosen + (source ? "/source" : "");
}
$("view-mail").onclick = () => show(false);
$("view-source").onclick = () => show(true);
$("new").onclick = () => {
  chosen = 0;
  $("reader").hidden = true;
  $("title").hidden = false;
  for (const b of $("mails").querySelectorAll("button")) b.setAttribute("aria-current", false);
  $("answering").textContent = "A new mail. With #Send in its subject it begins a conversation, without it it stays an ordinary mail.";
  $("title").focus();
};

// What the bridge does.
function step(s) {
  const li = make("li", s.kind);
  li.append(make("span", "time", new Date(s.at).toLocaleTimeString()), make("b", "", s.kind), make("div", "", s.text));
  if (s.mail) li.title = "<" + s.mail + ">";
  $("steps").prepend(li);
  while ($("steps").childElementCount > 60) $("steps").lastChild.remove();
}

// Both forms.
async function post(path, body, field) {
  const text = field.value;
  if (!text.trim()) return;
  field.value = "";
  const r = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).catch(e => ({ ok: false, text: () => String(e) }));
  if (!r.ok) { field.value = text; alert(await r.text()); }
  field.focus();
}
$("say").onsubmit = ev => { ev.preventDefault(); post("/room", { Author: $("author").value, Thread: thread, Text: $("said").value.trim() }, $("said")); };
$("answer").onsubmit = ev => { ev.preventDefault(); post("/mail", { Answers: chosen, Subject: $("title").value, Text: $("written").value.trim() }, $("written")); };
const sends = ev => ev.key === "Enter" && !ev.shiftKey && !ev.isComposing;
for (const f of ["said", "written"]) {
  $(f).onkeydown = ev => { if (sends(ev)) { ev.preventDefault(); ev.target.form.requestSubmit(); } };
  $(f).onkeypress = ev => { if (sends(ev)) ev.preventDefault(); }; // where a keyboard sends the character apart
}

let source;
function connect() {
  source = new EventSource("/events");
  source.onopen = () => { for (const l of ["messages", "mails"]) $(l).replaceChildren(); $("live").textContent = "live"; $("live").className = "on"; };
  source.onerror = () => { $("live").textContent = "connection lost, trying again …"; $("live").className = ""; };
  for (const [kind, f] of Object.entries({ room, mail, step })) source.addEventListener(kind, ev => f(JSON.parse(ev.data)));
}
connect();
