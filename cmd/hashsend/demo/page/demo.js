"use strict";
const $ = id => document.getElementById(id);
const make = (tag, cls, text) => { const e = document.createElement(tag); if (cls) e.className = cls; if (text) e.textContent = text; return e; };
const clock = at => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
const atEnd = ol => ol.scrollHeight - ol.scrollTop - ol.clientHeight < 60;

// Sends a form. Returns false if the server rejects it, so that the text can stay.
async function post(path, fields, files) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  for (const f of files || []) form.append("files", f);
  const r = await fetch(path, { method: "POST", body: form }).catch(e => ({ ok: false, text: () => String(e) }));
  if (!r.ok) alert(await r.text());
  return r.ok;
}
function button(label, title, act, cls) {
  const b = make("button", cls || "", label);
  b.type = "button";
  b.title = title;
  b.setAttribute("aria-label", title);
  b.onclick = act;
  return b;
}

// Files, on both sides.
const size = n => n < 1000 ? n + " B" : n < 1e6 ? Math.round(n / 1000) + " kB" : (n / 1e6).toFixed(1) + " MB";
function showFiles(files) {
  const box = make("div", "files");
  for (const f of files || []) {
    const a = make("a", f.picture ? "picture" : "file");
    a.href = f.address;
    a.target = "_blank";
    if (f.picture) { const img = make("img"); img.src = f.address; img.alt = f.name; a.append(img); } else a.append("📎 " + f.name, make("small", "", " " + size(f.size)));
    box.append(a);
  }
  return box;
}
// A file chooser for a form: by button, drop or paste.
function chooser(input, list, area, text) {
  const show = () => { list.replaceChildren(...[...input.files].map(f => make("span", "chosen", "📎 " + f.name))); };
  const take = files => { if (files.length) { input.files = files; show(); } };
  input.onchange = show;
  area.ondragover = ev => ev.preventDefault();
  area.ondrop = ev => { ev.preventDefault(); take(ev.dataTransfer.files); };
  text.onpaste = ev => { if (ev.clipboardData.files.length) { ev.preventDefault(); take(ev.clipboardData.files); } };
  return { files: () => [...input.files], clear: () => { input.value = ""; show(); } };
}
const roomFiles = chooser($("said-files"), $("said-chosen"), $("say").parentNode, $("said"));
const mailFiles = chooser($("written-files"), $("written-chosen"), $("answer").parentNode, $("written"));
for (const [b, input] of [["said-attach", "said-files"], ["written-attach", "written-files"]]) $(b).onclick = () => $(input).click();

// The room.
const textOf = id => { const e = document.querySelector("#m-" + id + " .text"); return e ? e.textContent.trim() || "a file" : id; };
function room(e) {
  const list = $("messages"), follow = atEnd(list);
  const of = e.of && document.getElementById("m-" + e.of);
  switch (e.kind) {
    case "sign": $("sign").textContent = e.text || ""; return;
    case "room": return;
    case "react": if (of) { const sign = make("span", "sign-react", e.text); sign.title = e.name; sign.id = "m-" + e.id; of.querySelector(".body").append(sign); } return;
    case "edit": if (of) { of.querySelector(".text").textContent = e.text; of.querySelector(".time").textContent = clock(e.at) + ", edited"; } return;
    case "delete": if (of) of.remove(); return;
  }
  const name = e.name || "hashsend";
  const li = make("li", (e.kind === "notice" ? "notice" : "") + (e.thread ? " threaded" : ""));
  li.id = "m-" + e.id;
  const kind = !e.person ? "bot" : e.bridge ? "ann" : name.toLowerCase();
  li.append(make("span", "face " + kind, kind === "bot" ? "#" : name[0]));
  const body = make("div", "body"), head = make("div");
  head.append(make("span", "name", name), make("span", "time", clock(e.at)));
  body.append(head);
  if (e.reply_to && e.reply_to !== e.thread) body.append(make("div", "quote", textOf(e.reply_to)));
  body.append(make("div", "text", e.kind === "emote" ? "* " + name + " " + e.text : e.text), showFiles(e.files));
  if (e.thread) {
    for (const old of list.querySelectorAll('[data-thread="' + e.thread + '"] button.enter')) old.remove();
    body.append(button("Reply in this thread", "Reply in this thread", () => enter({ thread: e.thread }), "link enter"));
    li.dataset.thread = e.thread;
  }
  if (e.person) body.append(deeds(e, name));
  li.append(body);
  list.append(li);
  if (follow) list.scrollTop = list.scrollHeight;
}
// The actions for a message. The page can act as everybody in the room.
function deeds(e, name) {
  const box = make("div", "deeds");
  for (const emoji of ["👍", "❤️", "😂"]) box.append(button(emoji, "React with " + emoji, () => post("/change", { author: $("author").value, kind: "react", of: e.id, text: emoji })));
  box.append(button("↩", "Reply to this message", () => enter({ thread: e.thread || "", reply: e.id })));
  if (!e.bridge) {
    box.append(button("✎", "Edit", () => { enter({ thread: e.thread || "", edit: e.id }); $("author").value = name; $("said").value = document.querySelector("#m-" + e.id + " .text").textContent; }));
    box.append(button("🗑", "Delete", () => post("/change", { author: name, kind: "delete", of: e.id })));
  }
  return box;
}

// The target of the form: the room, a thread, a reply to a message, an edit.
let at = {};
function enter(to) {
  at = to;
  $("where").textContent = to.edit ? "Editing “" + textOf(to.edit) + "”" : to.reply ? "Replying to “" + textOf(to.reply) + "”" : to.thread ? "In the thread “" + textOf(to.thread) + "”" : "";
  $("leave").hidden = !$("where").textContent;
  $("said").focus();
}
$("leave").onclick = () => { if (at.edit) $("said").value = ""; enter({}); };

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
  if (m.folder === "INBOX" && !$("written").value.trim()) { newest = m; clearTimeout(opening); opening = setTimeout(() => choose(newest), 30); } // not while Ann is writing
}
function choose(m) {
  chosen = m.number;
  for (const b of $("mails").querySelectorAll("button")) b.setAttribute("aria-current", b.id === "mail-" + m.number);
  $("reader").hidden = false;
  $("title").hidden = true;
  $("subject").textContent = m.subject;
  $("answering").textContent = "Reply to “" + m.subject + "” from " + m.from;
  $("mail-files").replaceChildren(...showFiles((m.files || []).map(f => ({ ...f, picture: false }))).children);
  show(false);
}
function show(source) {
  $("view-mail").setAttribute("aria-pressed", !source);
  $("view-source").setAttribute("aria-pressed", source);
  $("shown").src = "/mail/" + chosen + (source ? "/source" : "");
}
$("view-mail").onclick = () => show(false);
$("view-source").onclick = () => show(true);
$("like").onclick = () => post("/react", { answers: chosen, emoji: "👍" });
$("new").onclick = () => {
  chosen = 0;
  $("reader").hidden = true;
  $("title").hidden = false;
  for (const b of $("mails").querySelectorAll("button")) b.setAttribute("aria-current", false);
  $("answering").textContent = "A new email. With #Send in the subject, it starts a conversation. Without it, it stays an ordinary email.";
  $("title").focus();
};

// What hashsend does.
function step(s) {
  const li = make("li", s.kind);
  li.append(make("span", "time", new Date(s.at).toLocaleTimeString()), make("b", "", s.kind), make("div", "", s.text));
  if (s.mail) li.title = "<" + s.mail + ">";
  $("steps").prepend(li);
  while ($("steps").childElementCount > 60) $("steps").lastChild.remove();
}

// Both forms. The text stays until it is sent.
async function submit(field, files, path, fields) {
  const text = field.value;
  if (!text.trim() && !files.files().length) return;
  field.value = "";
  if (await post(path, { ...fields, text: text.trim() }, files.files())) { files.clear(); if (field.id === "said") enter(at.thread && !at.edit ? { thread: at.thread } : {}); }
  else field.value = text;
  field.focus();
}
$("say").onsubmit = ev => {
  ev.preventDefault();
  const author = $("author").value;
  if (at.edit) submit($("said"), roomFiles, "/change", { author, kind: "edit", of: at.edit });
  else submit($("said"), roomFiles, "/room", { author, thread: at.thread || "", reply_to: at.reply || "" });
};
$("answer").onsubmit = ev => { ev.preventDefault(); submit($("written"), mailFiles, "/mail", { answers: chosen, subject: $("title").value }); };
const sends = ev => ev.key === "Enter" && !ev.shiftKey && !ev.isComposing;
for (const f of ["said", "written"]) {
  $(f).onkeydown = ev => { if (sends(ev)) { ev.preventDefault(); ev.target.form.requestSubmit(); } };
  $(f).onkeypress = ev => { if (sends(ev)) ev.preventDefault(); }; // for keyboards that send the character separately
}

let source;
function connect() {
  source = new EventSource("/events");
  source.onopen = () => { for (const l of ["messages", "mails", "steps"]) $(l).replaceChildren(); $("live").textContent = "Connected"; $("live").className = "on"; };
  source.onerror = () => { $("live").textContent = "Connection lost. Reconnecting …"; $("live").className = ""; };
  for (const [kind, f] of Object.entries({ room, mail, step })) source.addEventListener(kind, ev => f(JSON.parse(ev.data)));
}
connect();
