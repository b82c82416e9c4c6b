// The cards inside messages: options, votes, forms.

import { choices, fill } from '../i18n'
import type { Message, Option, Send } from '../protocol'
import { initial } from '../service'
import { offeredTags } from '../survey'
import { formatTime } from '../time'
import type { Fate } from '../timeline'
import { draft, type Context } from './context'
import { h, icon } from './dom'

const pick = (ctx: Context, o: Option) => () => ctx.chat.send({ kind: 'pick', entry: o.entry, text: o.question })

/** 您是不是想问: numbered options. */
export function offer(ctx: Context, m: Message, fate: Fate): HTMLElement {
  const over = fate.over === true
  const rows = m.card.options.map((o, i) =>
    h(
      'button.option',
      {
        type: 'button', disabled: over, onclick: pick(ctx, o),
        'aria-label': `${fill(ctx.texts.option, i + 1)}: ${o.question}`,
        'aria-pressed': fate.chosen === i ? 'true' : undefined,
      },
      h('span.option-number', { 'aria-hidden': 'true' }, String(i + 1)),
      h('span.option-text', null, o.question),
      icon(fate.chosen === i ? 'check' : 'right'),
    ),
  )
  return h('div.options', { role: 'group' }, ...rows)
}

/** 相关问题 below an answer. */
export function related(ctx: Context, options: Option[]): HTMLElement {
  return h(
    'div.related',
    { role: 'group', 'aria-label': ctx.texts.related },
    h('div.related-title', null, ctx.texts.related),
    ...options.map((o) => h('button.chip', { type: 'button', onclick: pick(ctx, o) }, o.question)),
  )
}

/** Buttons of a message, such as 转人工. Those of the queue are in its card. */
export function actions(ctx: Context, m: Message, fate: Fate): HTMLElement | undefined {
  if (!m.card.actions.includes('handoff')) return undefined
  return h(
    'div.actions',
    null,
    h('button.action', { type: 'button', disabled: fate.handed, onclick: () => ctx.handoff() }, icon('headset'), ctx.texts.handoff),
  )
}

/** 有用 / 没用 of an answer. */
export function votes(ctx: Context, m: Message, fate: Fate): HTMLElement {
  const t = ctx.texts
  const send = (yes: boolean, text?: string) => {
    ctx.chat.send({ kind: 'feedback', of: m.seq, conversation: m.conversation, yes, ...(text ? { text } : {}) })
    ctx.toast(t.thanks)
  }
  const button = (yes: boolean) =>
    h(
      yes ? 'button.vote' : 'button.vote.vote-no',
      {
        type: 'button', 'aria-pressed': String(fate.vote === yes), disabled: fate.vote === yes,
        onclick: () => (yes ? send(true) : ctx.sheet(t.whyUseless, (close) => reasons(ctx, close, (text) => send(false, text)))),
      },
      icon(yes ? 'up' : 'thumbDown'),
      h('span', null, yes ? t.useful : t.useless),
    )
  return h('div.votes', { role: 'group' }, button(true), button(false))
}

function reasons(ctx: Context, close: () => void, done: (text: string) => void): HTMLElement {
  const t = ctx.texts
  const more = h('textarea.field', { rows: 2, maxlength: 200, placeholder: t.reasonMore, 'aria-label': t.reasonMore })
  let chosen = ''
  const buttons = choices(t.reasons).map((reason) => {
    const b = h('button.chip.chip-toggle', { type: 'button', 'aria-pressed': 'false' }, reason)
    b.addEventListener('click', () => {
      chosen = chosen === reason ? '' : reason
      for (const x of buttons) x.setAttribute('aria-pressed', String(x.textContent === chosen))
    })
    return b
  })
  const submit = () => {
    const words = more.value.trim()
    done([chosen, words].filter(Boolean).join('：'))
    close()
  }
  return h(
    'div.sheet-body',
    null,
    h('div.chips', null, ...buttons),
    more,
    h(
      'div.sheet-buttons',
      null,
      h('button.button', { type: 'button', onclick: close }, t.cancel),
      h('button.button.primary', { type: 'button', onclick: submit }, t.submit),
    ),
  )
}

/** 解决了吗. */
export function askSolved(ctx: Context, m: Message, fate: Fate): HTMLElement {
  const t = ctx.texts
  if (fate.refused) return h('div.card-note', null, fate.refused)
  if (fate.solved !== undefined) {
    return h('div.card-note.done', null, icon('check'), fate.solved ? t.markedSolved : t.markedUnsolved)
  }
  const button = (yes: boolean) =>
    h(
      'button.button.half',
      { type: 'button', onclick: () => ctx.chat.send({ kind: 'solved', of: m.seq, conversation: m.conversation, yes }) },
      yes ? t.solved : t.unsolved,
    )
  return h('div.pair', { role: 'group' }, button(true), button(false))
}

const contactLooksRight = (s: string): boolean =>
  s === '' || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(s) || /^\+?[\d\s()-]{6,20}$/.test(s)

/** The form of a leave-message. */
export function leaveForm(ctx: Context, m: Message, fate: Fate): HTMLElement {
  const t = ctx.texts
  if (fate.done) return h('div.card-note.done', null, icon('check'), t.leaveDone)
  return leaveFields(ctx, `leave/${m.conversation}/${m.seq}`, (message) => ctx.chat.send(message))
}

/** The fields of a leave-message; key names their draft. */
export function leaveFields(ctx: Context, key: string, done: (message: Send) => void): HTMLElement {
  const t = ctx.texts
  const d = draft(ctx, key, { name: '', contact: '', text: '' })
  const id = key.replace(/\W/g, '-')
  const problem = h('div.field-problem', { role: 'alert', hidden: true })
  const input = (name: 'name' | 'contact', most: number, label: string, hint: string, auto: string) =>
    h(
      'label.form-row',
      null,
      h('span.form-label', null, label),
      h('input.field', {
        value: d[name], maxlength: most, placeholder: hint, autocomplete: auto,
        oninput: (e: Event) => (d[name] = (e.target as HTMLInputElement).value),
      }),
    )
  const words = h('textarea.field', {
    id, rows: 3, value: d.text, maxlength: ctx.chat.limit, placeholder: t.leaveTextHint, 'aria-required': 'true',
    oninput: (e: Event) => (d.text = (e.target as HTMLTextAreaElement).value),
  })
  const complain = (text: string, field: HTMLElement) => {
    problem.textContent = text
    problem.hidden = false
    field.focus()
  }
  const contact = input('contact', 100, t.leaveContact, t.leaveContactHint, 'tel')
  const submit = (e: Event) => {
    e.preventDefault()
    const [name, reach, text] = [d.name.trim(), d.contact.trim(), d.text.trim()]
    if (!text) return complain(t.leaveTextMissing, words)
    if (!contactLooksRight(reach)) return complain(t.leaveContactWrong, contact.querySelector('input')!)
    done({ kind: 'leave', text, ...(name ? { name } : {}), ...(reach ? { contact: reach } : {}) })
  }
  return h(
    'form.form',
    { onsubmit: submit, novalidate: true },
    input('name', 50, t.leaveName, t.leaveNameHint, 'name'),
    contact,
    h('label.form-row', { for: id }, h('span.form-label.required', null, t.leaveText), words),
    problem,
    h('button.button.primary.wide', { type: 'submit' }, t.leaveSubmit),
  )
}

/** The visitor's own leave-message. */
export function leaveSummary(ctx: Context, m: Message): HTMLElement {
  const t = ctx.texts
  const line = (label: string, value: string) => value && h('div.summary-line', null, h('span', null, label), h('b', null, value))
  return h(
    'div.summary',
    null,
    h('div.summary-title', null, icon('note'), t.leaveTitle),
    line(t.leaveName, m.card.name),
    line(t.leaveContact, m.card.contact),
    h('div.summary-text', null, m.text),
  )
}

interface SurveyDraft {
  yes?: boolean
  stars: number
  tags: string[]
  text: string
}

/** The survey, step by step: solved, stars, tags, words. */
export function survey(ctx: Context, m: Message, fate: Fate): HTMLElement {
  const t = ctx.texts
  if (fate.rating) return surveyDone(ctx, fate.rating.stars)
  if (fate.refused) return h('div.card-note', null, fate.refused)
  if (m.card.until > 0 && m.card.until < Date.now()) return h('div.card-note', null, t.surveyExpired)
  const d = draft<SurveyDraft>(ctx, `survey/${m.conversation}/${m.seq}`, { stars: 0, tags: [], text: '' })
  const box = h('div.survey')
  const paint = (focus = '') => {
    box.replaceChildren(...surveySteps(ctx, m, d, paint))
    if (focus) box.querySelector<HTMLElement>(focus)?.focus()
  }
  paint()
  if (m.card.until <= 0) return box
  const until = formatTime(m.card.until, Date.now(), t, ctx.language)
  return h('div', null, box, h('div.survey-until', null, icon('clock'), fill(t.surveyUntil, until)))
}

function surveySteps(ctx: Context, m: Message, d: SurveyDraft, paint: (focus?: string) => void): HTMLElement[] {
  const t = ctx.texts
  const question = (text: string) => h('div.survey-question', null, text)
  const solved = (yes: boolean) =>
    h(
      'button.button.half.toggle',
      { type: 'button', 'aria-pressed': String(d.yes === yes), onclick: () => ((d.yes = yes), paint(`[aria-pressed="true"]`)) },
      yes ? t.solved : t.unsolved,
    )
  const agent = m.card.nick
    ? [h('div.survey-agent', null, h('b.line-face', { 'aria-hidden': 'true' }, initial(m.card.nick)), fill(t.surveyAgent, m.card.nick))]
    : []
  const steps: HTMLElement[] = [...agent, question(t.surveySolved), h('div.pair', { role: 'group', 'aria-label': t.surveySolved }, solved(true), solved(false))]
  if (d.yes === undefined) return steps

  const names = choices(t.stars)
  const star = (n: number) =>
    h(
      'button.star',
      {
        type: 'button', role: 'radio', 'aria-checked': String(d.stars === n), 'aria-label': `${fill(t.starsOf, n)} ${names[n - 1] ?? ''}`,
        'data-on': n <= d.stars, onclick: () => ((d.stars = n), (d.tags = []), paint(`[aria-checked="true"]`)),
      },
      icon('star'),
    )
  steps.push(
    question(t.surveyStars),
    h('div.stars', { role: 'radiogroup', 'aria-label': t.surveyStars }, ...[1, 2, 3, 4, 5].map(star), h('span.stars-name', null, names[d.stars - 1] ?? '')),
  )
  if (d.stars === 0) return steps

  const offered = offeredTags(m.card.tags, d.stars, t)
  const tag = (name: string) => {
    const b = h('button.chip.chip-toggle', { type: 'button', 'aria-pressed': String(d.tags.includes(name)) }, name)
    b.addEventListener('click', () => {
      d.tags = d.tags.includes(name) ? d.tags.filter((x) => x !== name) : [...d.tags, name]
      b.setAttribute('aria-pressed', String(d.tags.includes(name)))
    })
    return b
  }
  const submit = () => {
    if (m.card.until > 0 && m.card.until < Date.now()) return ctx.toast(t.surveyExpired)
    ctx.chat.send({
      kind: 'rating', of: m.seq, conversation: m.conversation, yes: d.yes, stars: d.stars,
      ...(d.tags.length > 0 ? { tags: d.tags } : {}), ...(d.text.trim() ? { text: d.text.trim() } : {}),
    })
  }
  steps.push(
    ...(offered.length > 0 ? [question(t.surveyTags), h('div.chips', null, ...offered.map(tag))] : []),
    h('textarea.field', {
      rows: 2, maxlength: 200, value: d.text, placeholder: t.surveyText, 'aria-label': t.surveyText,
      oninput: (e: Event) => (d.text = (e.target as HTMLTextAreaElement).value),
    }),
    h('button.button.primary.wide', { type: 'button', onclick: submit }, t.surveySubmit),
  )
  return steps
}

function surveyDone(ctx: Context, stars: number): HTMLElement {
  const painted = [1, 2, 3, 4, 5].map((n) => h('span.star.small', { 'data-on': n <= stars }, icon('star')))
  const row = stars > 0 && h('span.stars.small', { role: 'img', 'aria-label': fill(ctx.texts.starsOf, stars) }, ...painted)
  return h('div.card-note.done', null, icon('check'), ctx.texts.surveyDone, row)
}

/** 热点问题: five at a time. */
export function hotQuestions(ctx: Context): HTMLElement {
  const t = ctx.texts
  const d = draft(ctx, 'hot', { from: 0, folded: false })
  const hot = ctx.chat.hot
  const box = h('div.hot')
  const paint = () => {
    const shown = hot.slice(d.from, d.from + 5)
    const another = () => {
      d.from = d.from + 5 >= hot.length ? 0 : d.from + 5
      paint()
      box.querySelector<HTMLElement>('.hot-another')?.focus()
    }
    const fold = () => {
      d.folded = !d.folded
      paint()
      box.querySelector<HTMLElement>('.hot-fold')?.focus()
    }
    box.replaceChildren(
      h(
        'div.hot-head',
        null,
        h('span.hot-title', null, icon('flame'), t.hot),
        !d.folded && hot.length > 5 && h('button.link.hot-another', { type: 'button', onclick: another }, icon('refresh'), t.another),
        h('button.link.hot-fold', { type: 'button', 'aria-expanded': String(!d.folded), 'aria-label': d.folded ? t.unfold : t.fold, onclick: fold }, icon('down')),
      ),
    )
    if (d.folded) return
    const rows = shown.map((o, i) =>
      h('button.hot-row', { type: 'button', onclick: pick(ctx, o) }, h('span.hot-number', { 'aria-hidden': 'true' }, String(d.from + i + 1)), h('span', null, o.question), icon('right')),
    )
    box.append(h('div.hot-list', null, ...rows))
  }
  paint()
  return box
}
