// A picture in a chat: speaks the wire of MCP Apps (2026-01-26) with the page around it, asks the
// network for nothing, and puts what it is given into the page as text and shapes only.
'use strict';
(() => {
  const at = (id) => document.getElementById(id);
  const root = document.documentElement;
  const waiting = new Map();
  let last = 0;
  let host = {};
  let scenario = '';

  const send = (message) => parent.postMessage({jsonrpc: '2.0', ...message}, '*');
  const notify = (method, params = {}) => send({method, params});
  const ask = (method, params) => new Promise((done, failed) => {
    last += 1;
    waiting.set(last, {done, failed});
    send({id: last, method, params});
  });

  const heard = {
    'ui/notifications/tool-input': ({arguments: given = {}}) => {
      scenario = String(given.name ?? '');
      say(at('from'), `HealthSim · ${scenario}`);
    },
    'ui/notifications/tool-result': (result) => show(result),
    'ui/notifications/tool-cancelled': ({reason}) => trouble(`Stopped. ${reason ?? ''}`),
    'ui/notifications/host-context-changed': (context) => follow(context),
  };

  addEventListener('message', (event) => {
    const message = event.data;
    if (event.source !== parent || message?.jsonrpc !== '2.0') return;
    if (message.method === undefined) {
      const answer = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) answer?.failed(new Error(message.error.message));
      else answer?.done(message.result ?? {});
    } else if (message.id === undefined) {
      heard[message.method]?.(message.params ?? {});
    } else if (['ping', 'ui/resource-teardown'].includes(message.method)) {
      send({id: message.id, result: {}});
    } else {
      send({id: message.id, error: {code: -32601, message: `no method ${message.method}`}});
    }
  });

  function say(element, text, hide = false) {
    element.textContent = text ?? '';
    element.hidden = hide && !text;
  }

  function trouble(text) {
    say(at('trouble'), text, true);
    document.querySelector('main').ariaBusy = 'false';
  }

  // Light or dark, and the colours and letters of the host, where it gives them.
  function follow({theme, styles, safeAreaInsets: edge}) {
    if (theme === 'light' || theme === 'dark') root.style.colorScheme = theme;
    for (const [name, value] of Object.entries(styles?.variables ?? {})) {
      if (/^--(color|font)-[\w-]+$/.test(name) && value && !/url|[;{}]/i.test(value)) {
        root.style.setProperty(name, value);
      }
    }
    if (edge) document.body.style.padding = ['top', 'right', 'bottom', 'left'].map((side) => `${Number(edge[side]) || 0}px`).join(' ');
  }

  function show(result) {
    const said = (result.content ?? []).filter(({type}) => type === 'text').map(({text}) => text).join('\n');
    if (result.isError) return trouble(said || 'No picture could be drawn.');
    const picture = result.structuredContent ?? {};
    const drawn = result._meta?.['healthsim/picture'] ?? {};
    const image = (result.content ?? []).find(({type}) => type === 'image');
    scenario = drawn.name ?? scenario;
    trouble('');
    say(at('from'), `HealthSim · ${scenario} · test data, no patient in it is real`);
    say(at('title'), picture.title ?? 'Picture');
    say(at('below'), drawn.below, true);
    say(at('says'), picture.says);
    at('plot').replaceChildren(...(drawn.wide
      ? [shapes(drawn.wide, 'wide'), shapes(drawn.narrow ?? drawn.wide, 'narrow')]
      : image ? [photograph(image)] : []));
    at('figure').hidden = false;
    tabulate(picture.table?.columns ?? [], picture.table?.rows ?? [], picture.title ?? '');
    at('behind').open = !drawn.wide && !image;
    choose(drawn.kinds ?? picture.kinds ?? [], drawn.kind);
    say(at('status'), `Shown: ${picture.title ?? ''}`);
  }

  const SHAPES = new Set(['svg', 'g', 'path', 'rect', 'line', 'circle', 'ellipse', 'polygon', 'polyline', 'text', 'tspan', 'defs', 'clippath', 'lineargradient', 'radialgradient', 'stop']);

  // The server has sent shapes only; what is not one is left out here again.
  function shapes(markup, width) {
    const svg = new DOMParser().parseFromString(markup, 'text/html').querySelector('svg');
    for (const element of svg?.querySelectorAll('*') ?? []) {
      if (!SHAPES.has(element.tagName.toLowerCase())) element.remove();
    }
    for (const element of svg ? [svg, ...svg.querySelectorAll('*')] : []) {
      for (const {name, value} of [...element.attributes]) {
        const local = /^url\(#[\w.-]+\)$/.test(value);
        if (/^on|href|^style$|^class$/i.test(name) || (/url|script/i.test(value) && !local)) {
          element.removeAttribute(name);
        }
      }
    }
    const box = document.createElement('div');
    box.className = width;
    if (svg) {
      svg.removeAttribute('aria-hidden');
      svg.setAttribute('role', 'img');
      svg.setAttribute('aria-labelledby', 'says');
      box.append(document.importNode(svg, true));
    }
    return box;
  }

  function photograph({data, mimeType}) {
    const img = new Image();
    if (/^image\/(png|jpeg)$/.test(mimeType)) img.src = `data:${mimeType};base64,${data}`;
    img.alt = at('says').textContent;
    return img;
  }

  const UNGROUPED = /(^|_)(id|year|loinc|rxcui|ndc|npi|code|zip)$/;

  function tabulate(columns, rows, title) {
    const money = (value, column) => column.endsWith('_usd') && /^-?\d{1,15}(\.\d+)?$/.test(String(value));
    const numeric = columns.map((column, place) => rows.some((row) => row[place] != null)
      && rows.every((row) => row[place] == null || typeof row[place] === 'number' || money(row[place], column)));
    const cell = (tag, place, text, scope) => {
      const made = document.createElement(tag);
      made.textContent = text;
      made.dir = 'auto';
      if (scope) made.scope = scope;
      if (numeric[place]) made.className = 'number';
      return made;
    };
    const shown = (value, column) => {
      if (value == null) return '–';
      if (money(value, column)) return Number(value).toLocaleString('en-US', {minimumFractionDigits: 2, maximumFractionDigits: 2});
      if (typeof value !== 'number' || UNGROUPED.test(column)) return String(value);
      return value.toLocaleString('en-US', {maximumFractionDigits: 4});
    };
    const table = at('table');
    table.replaceChildren();
    const caption = table.createCaption();
    caption.id = 'caption';
    caption.textContent = title;
    table.createTHead().insertRow().append(...columns.map((name, place) => cell('th', place, name, 'col')));
    const body = table.createTBody();
    for (const row of rows) {
      body.insertRow().append(...columns.map((name, place) => cell(
        place ? 'td' : 'th', place, shown(row[place], name), place ? '' : 'row')));
    }
    say(at('count'), `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}`);
    at('behind').hidden = !columns.length;
  }

  function choose(kinds, current) {
    const allowed = host.serverTools && scenario && kinds.some((kind) => kind !== current);
    at('kinds').hidden = !allowed;
    at('kinds').replaceChildren(...(allowed ? kinds : []).map((kind) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = kind.replaceAll('_', ' ');
      button.ariaPressed = String(kind === current);
      button.addEventListener('click', () => other(kind));
      return button;
    }));
  }

  async function other(kind) {
    const buttons = [...at('kinds').children];
    document.querySelector('main').ariaBusy = 'true';
    buttons.forEach((button) => { button.ariaDisabled = 'true'; });
    try {
      const result = await ask('tools/call', {name: 'draw', arguments: {name: scenario, kind}});
      show(result);
      if (!result.isError && host.updateModelContext) {
        const {title = '', says = ''} = result.structuredContent ?? {};
        ask('ui/update-model-context', {content: [{type: 'text', text: `The person looks at the picture ${kind} of ${scenario}: ${title}. ${says}`}]}).catch(() => {});
      }
    } catch (error) {
      trouble(`The picture could not be asked for: ${error.message}`);
    }
    for (const button of at('kinds').children) {
      button.ariaDisabled = 'false';
      if (button.textContent === kind.replaceAll('_', ' ')) button.focus();
    }
  }

  ask('ui/initialize', {
    protocolVersion: '2026-01-26',
    appInfo: {name: 'healthsim-picture', version: '1'},
    appCapabilities: {},
  }).then(({hostCapabilities = {}, hostContext = {}}) => {
    host = hostCapabilities;
    follow(hostContext);
    notify('ui/notifications/initialized');
    new ResizeObserver(() => notify('ui/notifications/size-changed', {
      height: Math.ceil(document.body.getBoundingClientRect().height),
    })).observe(document.body);
  }, (error) => trouble(`This chat and HealthSim do not understand each other: ${error.message}`));
})();
