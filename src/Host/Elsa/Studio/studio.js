"use strict";
// Our page around Elsa Studio's custom elements: routes, the token, and what Studio's elements can not tell by themselves.
(() => {
  const host = document.getElementById("designer-host");
  const message = document.getElementById("designer-message");
  const problems = document.getElementById("designer-problems");
  const api = new URL("/elsa/api", location.href).href;
  const plainFetch = window.fetch.bind(window);
  // One id per page: the server tells the edits of two open pages apart by it.
  const page = crypto.randomUUID();
  let session = null;
  let renewing = null;
  let provider = null;

  const make = (tag, attributes) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };

  // Text only ever enters the page as text.
  const say = (text, href, label, newTab) => {
    message.replaceChildren(text);
    message.hidden = !text;
    if (!href) return;
    const link = make("a", newTab ? { href, target: "_blank", rel: "noopener" } : { href });
    link.textContent = label;
    message.append(" ", link);
  };

  const openSession = async () => {
    const answer = await plainFetch("/studio/session");
    if (!answer.ok) throw new Error(String(answer.status));
    session = await answer.json();
    session.renewAt = Date.now() + session.expiresIn * 750;
  };

  const backend = () => ({ "remote-endpoint": api, "access-token": session.accessToken });

  // Studio reads the token when one of its elements is created: a new provider element carries the new token, the canvas stays.
  const provide = () => {
    const next = make("elsa-backend-provider", backend());
    if (provider) provider.replaceWith(next);
    else document.body.append(next);
    provider = next;
  };

  const renew = () => renewing ??= openSession()
    .then(() => {
      provide();
      if (message.dataset.session) say("");
      delete message.dataset.session;
    })
    .catch(error => {
      if (error.message !== "401" && error.message !== "403") return;
      message.dataset.session = "ended";
      say("Your session has ended. Your changes are still here.", "/sign-in", "Sign in in a new tab, then continue", true);
    })
    .finally(() => { renewing = null; });

  setInterval(() => { if (session && Date.now() > session.renewAt) renew(); }, 15000);

  const refusal = async answer => (await answer.json()).errors.generalErrors.join(" ");

  // What a save was told: Studio drops it, or shows it in a message that fades.
  const savePath = new URL(api).pathname + "/workflow-definitions";
  const runPath = () => location.pathname.startsWith("/studio/instances/") && location.pathname.replace("/studio/instances/", new URL(api).pathname + "/workflow-instances/");
  const tell = async answer => {
    if (answer.status === 409) {
      say(await refusal(answer), location.pathname, "Reload");
    } else if (answer.ok) {
      const { validationErrors } = await answer.json();
      list(validationErrors.map(error => error.message));
    }
  };

  // Studio's viewer shows what failed but has no verb for it: trying again is offered here. The viewer does not listen to a run that
  // has ended, so it is opened anew.
  const offerRetry = async answer => {
    const run = await answer.json();
    const [incident] = run.workflowState.incidents;
    if (!incident) {
      if (message.dataset.incident) say("");
      delete message.dataset.incident;
      return;
    }
    message.dataset.incident = run.id;
    const cause = incident.exception?.innerException?.message;
    say(incident.activityId + " failed: " + incident.message + (cause ? " (" + cause + ")" : ""));
    if (!session.mayRun) return;
    const retry = make("button", { type: "button" });
    retry.textContent = "Try again";
    retry.addEventListener("click", async () => {
      retry.disabled = true;
      const told = await window.fetch(api + "/alterations/workflows/retry", {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ workflowInstanceIds: [run.id] }),
      });
      const result = told.ok && (await told.json()).results[0];
      if (result?.isSuccessful) show();
      else say("Retry failed. " + (result?.log?.logEntries.at(-1)?.message ?? ""));
    });
    message.append(" ", retry);
  };

  const list = reasons => {
    problems.hidden = reasons.length === 0;
    problems.open &&= reasons.length > 0;
    problems.querySelector("summary").textContent = reasons.length === 1 ? "1 problem to fix before publishing" : reasons.length + " problems to fix before publishing";
    problems.querySelector("ul").replaceChildren(...reasons.map(reason => {
      const item = document.createElement("li");
      item.textContent = reason;
      return item;
    }));
  };

  // Studio's calls pass through here: a token that ran out (a laptop that slept) is renewed before Studio sees a 401, which would leave
  // it blank; and a started run is announced, which Studio's element tells nobody.
  window.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (!session || !url.href.startsWith(api + "/")) return plainFetch(input, init);
    const call = reason => {
      const request = new Request(input instanceof Request ? input.clone() : input, init);
      request.headers.set("Authorization", "Bearer " + session.accessToken);
      request.headers.set("X-Designer-Page", page);
      if (reason) request.headers.set("X-Reason", encodeURIComponent(reason));
      return plainFetch(request);
    };
    if (Date.now() > session.renewAt) await renew();
    let answer = await call();
    if (answer.status === 401) {
      await renew();
      answer = await call();
    }
    // Changing a live case needs a reason, and Studio has no field for it.
    if (answer.status === 428) {
      const reason = window.prompt(await refusal(answer.clone()));
      if (reason?.trim()) answer = await call(reason.trim());
    }
    const run = url.pathname.endsWith("/execute") && answer.headers.get("x-elsa-workflow-instance-id");
    if (run) say("Run started.", "/studio/instances/" + encodeURIComponent(run), "View run");
    if (url.pathname === runPath() && answer.ok) offerRetry(answer.clone());
    const method = init?.method ?? input.method;
    if (url.pathname === savePath && method === "POST") await tell(answer.clone());
    else if (answer.status === 409 || answer.status === 403 || answer.status === 428) say(await refusal(answer.clone()).catch(() => "You don't have permission."));
    else if (method === "DELETE" && answer.ok) say("");
    return answer;
  };

  const screens = {
    definitions: id => {
      if (id) return make("elsa-workflow-definition-editor", { ...backend(), "definition-id": id });
      const list = make("elsa-workflow-definition-list", backend());
      list.editWorkflowDefinition = definition => go("/studio/definitions/" + encodeURIComponent(definition));
      return list;
    },
    instances: id => {
      const element = id ? make("elsa-workflow-instance-viewer", { ...backend(), "instance-id": id }) : make("elsa-workflow-instance-list", backend());
      if (id) element.editWorkflowDefinition = definition => go("/studio/definitions/" + encodeURIComponent(definition));
      else element.viewWorkflowInstance = instance => go("/studio/instances/" + encodeURIComponent(instance));
      return element;
    },
  };

  // Blazor keeps an element for a second after it left the page, and two of Studio's screens at the same time break each other's menus.
  const disposal = 1300;
  let turn = 0;
  let leftAt = -Infinity;

  const show = async () => {
    const [, , name, id] = location.pathname.split("/");
    const route = Object.hasOwn(screens, name) ? name : "definitions";
    for (const link of document.querySelectorAll("[data-route]")) {
      if (link.dataset.route === route) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!message.dataset.session) say("");
    delete message.dataset.incident;
    list([]);
    if (host.firstElementChild?.localName.startsWith("elsa-")) leftAt = performance.now();
    const mine = ++turn;
    const wait = leftAt + disposal - performance.now();
    if (wait > 0) {
      const loading = make("p", { class: "designer-loading" });
      loading.textContent = "Loading …";
      host.replaceChildren(loading);
      await new Promise(done => setTimeout(done, wait));
    }
    if (mine !== turn) return;
    host.replaceChildren(screens[route](id && decodeURIComponent(id)));
    if (id) fit(mine).catch(error => console.warn("The canvas isn't fitted.", error));
  };

  // Studio shows the middle of a journey at full size. Its own module knows the canvases: each is fitted into the window once its steps are drawn.
  const fitted = new WeakSet();
  const fit = async mine => {
    const { graphBindings } = await import(new URL("_content/Elsa.Studio.Workflows.Designer/designer.entry.js", document.baseURI).href);
    for (let tries = 0; tries < 300 && mine === turn; tries++) {
      await new Promise(done => setTimeout(done, 200));
      const graph = Object.values(graphBindings).map(binding => binding.graph).find(each => !fitted.has(each) && each.getNodes().length > 0);
      if (!graph) continue;
      fitted.add(graph);
      await new Promise(done => setTimeout(done, 300));
      graph.zoomToFit({ padding: 24, minScale: 0.2, maxScale: 1 });
      return;
    }
  };

  // Through Blazor, so that Studio's lists write their paging into this address and not into the one they were loaded at.
  const go = path => {
    Blazor.navigateTo(path);
    show();
  };

  document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href^='/studio/']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0 || !session) return;
    event.preventDefault();
    go(link.getAttribute("href"));
  });
  window.addEventListener("popstate", show);

  // The editor of a form's schema completes and checks what a form may say. Studio gives its editors no names, so this one is known by
  // its label; the files it matches are those of the editors that were opened.
  const knowForms = async () => {
    const schema = await (await plainFetch("studio-form-schema.json")).json();
    const fileMatch = [];
    monaco.editor.onDidCreateEditor(editor => {
      const learn = () => {
        const label = editor.getContainerDomNode().closest(".mud-input-control")?.querySelector(".mud-input-label");
        const file = editor.getModel()?.uri.toString();
        if (label?.textContent.trim() !== "Form schema" || !file || fileMatch.includes(file)) return;
        fileMatch.push(file);
        monaco.languages.json.jsonDefaults.setDiagnosticsOptions({ validate: true, enableSchemaRequest: false, schemas: [{ uri: "form", fileMatch, schema }] });
      };
      editor.onDidChangeModel(learn);
      setTimeout(learn);
    });
  };

  const elements = ["elsa-backend-provider", "elsa-workflow-definition-list", "elsa-workflow-definition-editor", "elsa-workflow-instance-list", "elsa-workflow-instance-viewer"];
  Promise.all([openSession(), ...elements.map(tag => customElements.whenDefined(tag))]).then(() => {
    document.getElementById("designer-person").textContent = session.name;
    document.getElementById("designer-note").hidden = session.mayEdit;
    knowForms().catch(error => console.warn("The editor of forms knows no schema.", error));
    show();
  }).catch(error => {
    if (error.message === "401") location.assign("/sign-in?to=" + encodeURIComponent(location.pathname));
    else {
      host.replaceChildren();
      if (error.message === "403") say("You don't have access to the designer. Ask an administrator.", "/", "Back to my work");
      else say("The designer couldn't be opened.", location.href, "Try again");
    }
  });
})();
