// Runs inside Thunderbird, in its own context: writes one mail and submits it.
// arguments: what Go's thunderbirdTask says, and the function to call at the end.
const [task, done] = arguments;
const { setTimeout } = ChromeUtils.importESModule("resource://gre/modules/Timer.sys.mjs");
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const sleep = ms => new Promise(r => setTimeout(r, ms));
let stage = "start";
async function until(what, f) {
  stage = what;
  for (let i = 0; i < 400; i++) {
    try { const got = await f(); if (got) return got; } catch (e) { if (i == 399) throw e; }
    await sleep(100);
  }
  throw new Error("waited in vain for " + what);
}

async function account() {
  if (task.ca) Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).addCertFromBase64(task.ca, "C,,");
  for (const origin of ["imap://localhost", "smtp://localhost"]) {
    const known = await Services.logins.searchLoginsAsync({ origin });
    if (known.length) continue;
    const login = Cc["@mozilla.org/login-manager/loginInfo;1"].createInstance(Ci.nsILoginInfo);
    login.init(origin, null, origin, task.user, task.password, "", "");
    await Services.logins.addLoginAsync(login);
  }
}

async function inbox() {
  const root = MailServices.accounts.accounts[0].incomingServer.rootFolder;
  return until("the inbox", () => {
    const f = root.getFolderWithFlags(Ci.nsMsgFolderFlags.Inbox);
    if (!f) root.server.performExpand(null);
    return f;
  });
}

async function parent() {
  if (!task.about) return [null, ""];
  const box = await inbox();
  const hdr = await until("the mail " + task.about, async () => {
    const h = box.msgDatabase.getMsgHdrForMessageID(task.about);
    if (!h) { box.getNewMessages(null, null); await sleep(300); }
    return h;
  });
  return [hdr, box.getUriForMsg(hdr)];
}

async function compose() {
  const [hdr, uri] = await parent();
  const kind = Ci.nsIMsgCompType[task.kind], format = task.plain ? Ci.nsIMsgCompFormat.PlainText : Ci.nsIMsgCompFormat.HTML;
  stage = "the window";
  const ready = new Promise(r => Services.ww.registerNotification({
    observe(w, topic) { if (topic == "domwindowopened") w.addEventListener("compose-editor-ready", () => r(w), { once: true }); },
  }));
  MailServices.compose.OpenComposeWindow(null, hdr, uri, kind, format, MailServices.accounts.defaultAccount.defaultIdentity, null, null);
  const w = await ready;
  if (task.shows) await until("the quote", () => w.GetCurrentEditor().rootElement.textContent.includes(task.shows));
  return w;
}

async function fill(w) {
  stage = "the text";
  const editor = w.GetCurrentEditor();
  if (task.below) editor.endOfDocument(); else editor.beginningOfDocument();
  if (task.html) editor.QueryInterface(Ci.nsIHTMLEditor).insertHTML(task.html);
  if (task.text) editor.QueryInterface(Ci.nsIEditorMailSupport).insertTextWithQuotations(task.text);
  stage = "the addresses";
  for (const [row, all] of [["addr_to", task.to], ["addr_cc", task.cc]]) {
    if (all) w.addressRowAddRecipientsArray(w.document.querySelector(`.address-row[data-recipienttype="${row}"]`), all);
  }
  if (task.subject) w.document.getElementById("msgSubject").value = task.subject;
  stage = "the files";
  const files = (task.files || []).map(path => {
    const a = Cc["@mozilla.org/messengercompose/attachment;1"].createInstance(Ci.nsIMsgAttachment);
    a.url = Services.io.newFileURI(new w.FileUtils.File(path)).spec;
    a.name = path.replace(/.*\//, "");
    return a;
  });
  if (files.length) await w.AddAttachments(files);
}

async function submit(w) {
  stage = "the mail server";
  const sent = new Promise(r => w.gMsgCompose.addMsgSendListener({
    QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener"]),
    onStartSending() {}, onProgress() {}, onSendProgress() {}, onStatus() {}, onGetDraftFolderURI() {},
    onStopSending(id, status) { r(status); }, onSendNotPerformed(id, status) { r(status || "it was not sent"); }, onTransportSecurityError(id, status) { r("TLS " + status); },
  }));
  w.SendMessage();
  const status = await sent;
  if (status) throw new Error("sending ended with " + status);
}

setTimeout(() => done({ error: "stuck at " + stage }), 55000);
(async () => {
  await account();
  const w = await compose();
  await fill(w);
  await submit(w);
  done({});
})().catch(e => done({ error: stage + ": " + e + " " + (e.stack || "").slice(0, 300) }));
