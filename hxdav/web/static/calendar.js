// The calendar on the appointments' page. Without it, and where FullCalendar is missing, the list below it stays.
"use strict";

(() => {
  const root = document.getElementById("calendar");
  if (!root || !window.FullCalendar) {
    if (root) root.remove();
    return;
  }

  const VIEWS = { day: "timeGridDay", week: "timeGridWeek", month: "dayGridMonth" };
  const MINUTE = 60 * 1000;
  const DAY = 24 * 60 * MINUTE;
  const SLOT = 30 * MINUTE;
  const USUALLY = 50 * MINUTE;
  const HOURS = { from: 7, until: 20 };
  const { now, shown, between, token } = root.dataset;
  const loadedAt = Date.now();
  const period = document.getElementById("period");
  const places = { well: document.getElementById("went-well"), trouble: document.getElementById("went-wrong") };

  // Times are those of the clock on the practice's wall, wherever the browser is: FullCalendar has them as UTC.
  const wall = (moment) => moment.toISOString().slice(0, 19);
  const dayOf = (moment) => moment.toISOString().slice(0, 10);
  const timeOf = (moment) => moment.toISOString().slice(11, 16);
  const presentMoment = () => wall(new Date(Date.parse(`${now}Z`) + Date.now() - loadedAt));

  function tell(kind, sentence) {
    for (const place of Object.values(places)) place.replaceChildren();
    if (!sentence) return;
    places[kind].append(made("p", `told ${kind}`, sentence));
  }

  function made(tag, className, text) {
    const element = document.createElement(tag);
    element.className = className;
    element.textContent = text;
    return element;
  }

  // Whoever was signed out is sent to the sign-in page, which is no answer here.
  async function answerOf(address, options) {
    const answer = await fetch(address, { redirect: "manual", headers: { Accept: "application/json" }, ...options });
    if (answer.type === "opaqueredirect") throw new Error("You were signed out. Open this page again and sign in.");
    const isTold = (answer.headers.get("Content-Type") || "").startsWith("application/json");
    const said = isTold ? await answer.json() : null;
    if (answer.ok && said) return said;
    throw new Error((said && said.told) || "The server did not take it. Open this page again and try once more.");
  }

  function reasonOf(error) {
    return error instanceof TypeError ? "The server cannot be reached. Check the connection and try again." : error.message;
  }

  async function load({ start, end }) {
    // The last day is asked for whole, though what is shown of it may end before midnight.
    const asked = new URLSearchParams({ start: dayOf(start), end: dayOf(new Date(end.getTime() + DAY - 1)) });
    const found = await answerOf(`${between}?${asked}`);
    return found.map((each) => ({
      ...each,
      classNames: [each.kind, ...(each.waits ? ["waits"] : [])],
    }));
  }

  // The hours that are shown are those of a practice, and as many more as what takes place needs.
  function widen(events) {
    let { from, until } = HOURS;
    for (const { start, end, allDay } of events) {
      if (allDay) continue;
      const goesOn = dayOf(start) !== dayOf(new Date(Math.max(start, end - 1)));
      from = goesOn ? 0 : Math.min(from, start.getUTCHours());
      until = goesOn ? 24 : Math.max(until, start.getUTCHours() + Math.ceil((end - start) / (60 * MINUTE)) + 1);
    }
    const wanted = { slotMinTime: `${from}:00`, slotMaxTime: `${Math.min(until, 24)}:00` };
    for (const [name, value] of Object.entries(wanted)) {
      if (calendar.getOption(name) !== value) calendar.setOption(name, value);
    }
  }

  // A repeating appointment is not moved here: its form says where that is done.
  async function move(info) {
    const { event } = info;
    const { mayMove, moveUrl, editUrl, revision } = event.extendedProps;
    if (!mayMove) {
      info.revert();
      location.assign(editUrl);
      return;
    }
    const wanted = { start: wall(event.start), end: wall(event.end), revision, all_day: event.allDay ? "yes" : "" };
    try {
      const said = await answerOf(moveUrl, {
        method: "POST",
        body: new URLSearchParams(wanted),
        headers: { Accept: "application/json", "X-CSRFToken": token },
      });
      tell("well", said.told);
    } catch (error) {
      info.revert();
      tell("trouble", `It was not moved. ${reasonOf(error)}`);
    }
    calendar.refetchEvents();
  }

  function add({ date, allDay }) {
    const wanted = new URLSearchParams({ day: dayOf(date) });
    if (!allDay) {
      const starts = new Date(Math.floor(date.getTime() / SLOT) * SLOT);
      const ends = new Date(starts.getTime() + USUALLY);
      wanted.set("from", timeOf(starts));
      wanted.set("until", timeOf(ends));
      if (dayOf(ends) !== dayOf(starts)) wanted.set("last", dayOf(ends));
    } else if (calendar.view.type !== VIEWS.month) {
      wanted.set("all_day", "yes");
    }
    location.assign(`${root.dataset.new}?${wanted}`);
  }

  // Text is put in as text, never as HTML. The kind is told by a sign and a word, not by the colour alone.
  function content({ event, timeText, view }) {
    const { kind, patients, place, marks, repeats } = event.extendedProps;
    const isPatient = kind === "patient";
    const sign = made("span", "sign", (isPatient ? "●" : "○") + (repeats ? "↻" : ""));
    sign.setAttribute("aria-hidden", "true");
    const title = made("strong", "title", event.title);
    const told = [isPatient ? "with a patient" : "personal", ...(repeats ? ["repeats"] : [])];
    const nodes = [sign, made("span", "time", timeText), title, made("span", "unseen", `, ${told.join(", ")}`)];
    const more = [...patients, ...marks, ...(place && view.type !== VIEWS.month ? [place] : [])];
    if (view.type !== VIEWS.month && more.length) nodes.push(made("span", "more", more.join(" · ")));
    else if (marks.length) nodes.push(made("span", "more", marks.join(" · ")));
    return { domNodes: nodes };
  }

  function nameOf(type) {
    return Object.keys(VIEWS).find((name) => VIEWS[name] === type);
  }

  function show({ view }) {
    const name = nameOf(view.type);
    const today = presentMoment().slice(0, 10);
    const isHere = dayOf(view.currentStart) <= today && today < dayOf(view.currentEnd);
    const day = isHere ? today : dayOf(view.currentStart);
    period.textContent = view.title;
    for (const button of root.querySelectorAll("[data-view]")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === name));
    }
    document.getElementById("add").href = `${root.dataset.new}?${new URLSearchParams({ day })}`;
    document.getElementById("to-agenda").href = `?${new URLSearchParams({ view: "agenda", day })}`;
    // Whoever comes back from an appointment finds what they left.
    history.replaceState(null, "", `?${new URLSearchParams({ view: name, day: dayOf(calendar.getDate()) })}`);
  }

  root.hidden = false;
  document.getElementById("agenda").hidden = true;
  const asked = new URLSearchParams(location.search).get("view");
  const first = VIEWS[asked] ? asked : matchMedia("(max-width: 48rem)").matches ? "day" : "week";
  const calendar = new FullCalendar.Calendar(document.getElementById("grid"), {
    initialView: VIEWS[first],
    initialDate: shown,
    timeZone: "UTC",
    now: presentMoment,
    locale: "en-AU",
    firstDay: 1,
    allDayText: "all day",
    headerToolbar: false,
    // The page scrolls, and nothing within it does.
    height: "auto",
    slotMinTime: `${HOURS.from}:00`,
    slotMaxTime: `${HOURS.until}:00`,
    nowIndicator: true,
    // One step of a drag is one row, though a line is drawn at half hours only: FullCalendar reckons from the middle of
    // a row, and would jump where a row had several steps.
    slotDuration: "00:15:00",
    slotLabelInterval: "01:00:00",
    slotLabelFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    eventTimeFormat: { hour: "2-digit", minute: "2-digit", hour12: false },
    displayEventEnd: false,
    eventMinHeight: 26,
    dayMaxEvents: true,
    moreLinkClick: "day",
    editable: true,
    forceEventDuration: true,
    defaultTimedEventDuration: "00:50:00",
    longPressDelay: 400,
    views: { dayGridMonth: { eventDisplay: "block" } },
    events: (info, take, fail) => load(info).then(take, fail),
    eventSourceFailure: (error) => tell("trouble", `Your appointments cannot be shown. ${reasonOf(error)}`),
    eventContent: content,
    eventDrop: move,
    eventResize: move,
    dateClick: add,
    datesSet: show,
    eventsSet: widen,
    // A link that opens nothing on the spot is a button; and a day is named by all that it holds.
    moreLinkDidMount: ({ el }) => el.setAttribute("role", "button"),
    dayCellDidMount: ({ el }) => el.removeAttribute("aria-labelledby"),
  });
  calendar.render();

  // Whoever takes the phone out again sees what other calendars have changed meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || calendar.refetchEvents());
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-go], [data-view]");
    if (!button) return;
    tell();
    if (button.dataset.view) calendar.changeView(VIEWS[button.dataset.view]);
    else calendar[button.dataset.go]();
  });
})();
