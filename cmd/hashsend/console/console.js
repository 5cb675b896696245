"use strict";
const list = document.getElementById("steps");
let fresh = true, reload = 0;
new EventSource("/steps").onmessage = ev => {
  const s = JSON.parse(ev.data), li = document.createElement("li");
  li.textContent = new Date(s.at).toLocaleTimeString() + "  " + s.kind + "  " + s.text;
  if (fresh) { list.replaceChildren(); fresh = false; }
  list.prepend(li);
  while (list.childElementCount > 200) list.lastChild.remove();
  // Reload the tables after a quiet moment, and keep the list as it is.
  clearTimeout(reload);
  reload = setTimeout(async () => {
    const page = new DOMParser().parseFromString(await (await fetch("/")).text(), "text/html");
    page.getElementById("steps").replaceWith(list);
    document.querySelector("main").replaceWith(page.querySelector("main"));
  }, 700);
};
