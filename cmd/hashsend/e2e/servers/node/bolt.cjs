// An app on Slack's own framework that uses what hashsend uses: it answers
// messages, commands, menus, buttons, dialogs and the Home tab, and reads history.
// What it has seen it prints, a JSON object a line.
const { App, LogLevel } = require("@slack/bolt");

const socket = process.env.SLACK_APP_TOKEN !== undefined;
const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  ...(socket ? { socketMode: true, appToken: process.env.SLACK_APP_TOKEN } : { signingSecret: process.env.SLACK_SIGNING_SECRET }),
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
  logLevel: LogLevel.WARN,
});

const seen = (what, fields) => console.log(JSON.stringify({ seen: what, ...fields }));
const plain = (text) => ({ type: "plain_text", text });
const button = (text, id) => ({ type: "actions", elements: [{ type: "button", action_id: id, text: plain(text), value: "yes" }] });

app.message("hello", async ({ message, say }) => {
  await say({ text: `Good day, <@${message.user}>`, thread_ts: message.thread_ts ?? message.ts });
});

app.event("app_mention", async ({ event, client }) => {
  await client.reactions.add({ channel: event.channel, timestamp: event.ts, name: "eyes" });
});

app.event("message", async ({ event }) => {
  seen(event.subtype ?? "message", { ts: event.ts, of: event.message?.ts ?? event.previous_message?.ts ?? "" });
});

app.event("reaction_added", async ({ event }) => seen("reaction_added", { name: event.reaction }));

app.command("/send", async ({ command, ack, respond, client }) => {
  if (command.text === "later") {
    await ack();
    await respond({ text: "I have thought about it", response_type: "ephemeral" });
    return;
  }
  await ack();
  await client.views.open({
    trigger_id: command.trigger_id,
    view: {
      type: "modal", callback_id: "people", title: plain("People"), submit: plain("Invite"), private_metadata: command.channel_id,
      blocks: [{ type: "input", block_id: "who", label: plain("Who?"), element: { type: "plain_text_input", action_id: "who" } }],
    },
  });
});

app.view("people", async ({ ack, view, client }) => {
  const who = view.state.values.who.who.value ?? "";
  if (!who.includes("@")) {
    await ack({ response_action: "errors", errors: { who: "This is no address" } });
    return;
  }
  await ack();
  const posted = await client.chat.postMessage({ channel: view.private_metadata, text: `Invited ${who}`, blocks: [{ type: "section", text: plain(`Invited ${who}`) }, button("Undo", "undo")] });
  const older = await client.chat.postMessage({ channel: view.private_metadata, text: "draft" });
  await client.chat.update({ channel: view.private_metadata, ts: older.ts, text: `Asked for after ${posted.ts}` });
});

app.action("undo", async ({ ack, respond, body, client }) => {
  await ack();
  const text = `Undone by <@${body.user.id}>`;
  const posted = await client.chat.postMessage({ channel: body.channel.id, text });
  await respond({ text, replace_original: false, response_type: "ephemeral" });
  seen("undone", { ts: posted.ts });
});

app.shortcut("details", async ({ shortcut, ack, client }) => {
  await ack();
  let read = 0;
  for await (const page of client.paginate("conversations.history", { channel: shortcut.channel.id, limit: 2 })) read += page.messages.length;
  const { user } = await client.users.info({ user: shortcut.user.id });
  await client.chat.postEphemeral({ channel: shortcut.channel.id, user: shortcut.user.id, text: `${user.real_name} asks about one of ${read} messages` });
});

app.event("app_home_opened", async ({ event, client }) => {
  await client.views.publish({ user_id: event.user, view: { type: "home", blocks: [{ type: "section", text: plain("Nothing is linked") }] } });
});

app.error(async (error) => {
  console.error(error);
  process.exit(1);
});

app.start(socket ? undefined : { port: Number(process.env.PORT), host: "127.0.0.1" }).then(() => seen("ready"));
