// Where the visitor writes: the growing field, the emoji, the type-ahead.

import { accepted } from '../files'
import { fill } from '../i18n'
import type { Option } from '../protocol'
import { Attach } from './attach'
import type { Context } from './context'
import { composing, h, icon } from './dom'

const suggestAfter = 120
const suggestFrom = 2
const counterFrom = 0.8 // of the limit
const emoji = [
  '😊', '😄', '😂', '😅', '😉', '😍', '🤔', '😐', '😮', '😢', '😭', '😡', '😴', '🤝', '👍', '👎', '👌', '🙏', '👏', '💪',
  '✌️', '👋', '❤️', '💔', '🌹', '🎉', '🔥', '💧', '⭐', '✅', '❌', '❓', '❗', '📞', '📷', '🏠', '🔧', '📦', '🚚', '💰',
]

export class Composer {
  readonly element: HTMLElement
  readonly field: HTMLTextAreaElement
  readonly attach: Attach
  private readonly sendButton: HTMLButtonElement
  private readonly emojiButton: HTMLButtonElement
  private readonly palette: HTMLElement
  private readonly counter = h('div.counter', { 'aria-live': 'polite', hidden: true })
  private readonly list = h('div.suggestions', { id: 'suggestions', role: 'listbox', hidden: true })
  private options: Option[] = []
  private active = -1
  private timer: ReturnType<typeof setTimeout> | undefined
  private composes = false

  constructor(private readonly ctx: Context) {
    const t = ctx.texts
    this.field = h('textarea', {
      rows: 1, enterkeyhint: 'send', autocomplete: 'off', placeholder: t.placeholder, 'aria-label': t.placeholder,
      role: 'combobox', 'aria-autocomplete': 'list', 'aria-controls': 'suggestions', 'aria-expanded': 'false',
    })
    this.list.setAttribute('aria-label', t.suggestions)
    this.sendButton = h('button.send', { type: 'button', disabled: true, 'aria-label': t.send, title: t.send, onclick: () => this.submit() }, icon('send'))
    this.emojiButton = h('button.icon-button', { type: 'button', 'aria-label': t.emoji, title: t.emoji, 'aria-expanded': 'false', onclick: () => this.togglePalette() }, icon('smile'))
    this.attach = new Attach(ctx, accepted)
    const attachButton = h('button.icon-button', { type: 'button', 'aria-label': t.attach, title: t.attach, onclick: () => this.attach.choose() }, icon('clip'))
    this.palette = h('div.palette', { hidden: true, role: 'group', 'aria-label': t.emoji }, ...emoji.map((e) => h('button', { type: 'button', onclick: () => this.insert(e) }, e)))
    this.element = h(
      'div.composer',
      null,
      this.list,
      this.palette,
      h('div.composer-box', null, this.emojiButton, this.field, attachButton, this.sendButton),
      this.attach.input,
      this.counter,
    )
    this.listen()
  }

  private listen(): void {
    const f = this.field
    f.addEventListener('input', () => this.changed())
    f.addEventListener('keydown', (e) => this.key(e))
    f.addEventListener('paste', (e) => this.attach.pasted(e))
    f.addEventListener('compositionstart', () => ((this.composes = true), this.hide()))
    f.addEventListener('compositionend', () => {
      this.composes = false
      this.changed()
    })
    f.addEventListener('blur', () => setTimeout(() => this.hide(), 150))
    // A tap on a suggestion or an emoji must not take the keyboard away.
    this.list.addEventListener('mousedown', (e) => e.preventDefault())
    this.palette.addEventListener('mousedown', (e) => e.preventDefault())
  }

  focus(): void {
    this.field.focus({ preventScroll: true })
  }

  /** New texts or limits came from the server. */
  refresh(): void {
    this.field.placeholder = this.ctx.texts.placeholder
    this.measure()
  }

  /** Closes what is open above the field; whether there was anything. */
  escape(): boolean {
    const open = !this.list.hidden || !this.palette.hidden
    this.hide()
    this.togglePalette(false)
    return open
  }

  private get text(): string {
    return this.field.value.trim()
  }

  private changed(): void {
    this.measure()
    if (this.text) this.ctx.chat.writing()
    this.look()
  }

  /** Fits the height, the counter and the button to the text. */
  private measure(): void {
    const f = this.field
    f.style.height = 'auto'
    f.style.height = `${Math.min(f.scrollHeight, 120)}px`
    const length = Array.from(this.text).length
    const limit = this.ctx.chat.limit
    const over = length > limit
    this.counter.hidden = length < limit * counterFrom
    this.counter.textContent = over ? fill(this.ctx.texts.tooLong, length - limit) : `${length}/${limit}`
    this.counter.classList.toggle('over', over)
    this.sendButton.disabled = length === 0 || over
  }

  private key(e: KeyboardEvent): void {
    if (composing(e) || this.composes) return
    const open = !this.list.hidden
    if (open && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
      e.preventDefault()
      const n = this.options.length + 1 // one place more: none
      this.mark(((this.active + 1 + (e.key === 'ArrowDown' ? 1 : -1) + n) % n) - 1)
    } else if (open && e.key === 'Tab' && !e.shiftKey) {
      e.preventDefault()
      this.choose(Math.max(0, this.active))
    } else if (e.key === 'Enter' && !e.shiftKey && !e.ctrlKey && !e.altKey && !e.metaKey) {
      e.preventDefault()
      if (open && this.active >= 0) this.choose(this.active)
      else this.submit()
    }
  }

  private submit(): void {
    const text = this.text
    if (!text || this.sendButton.disabled) return
    this.clear()
    this.ctx.chat.send({ kind: 'text', text })
    this.focus()
  }

  private clear(): void {
    this.field.value = ''
    this.hide()
    this.togglePalette(false)
    this.measure()
  }

  // ---- type-ahead

  /** Asks for questions a moment after the last key. */
  private look(): void {
    clearTimeout(this.timer)
    const text = this.text
    if (this.composes || Array.from(text).length < suggestFrom || text.length > 60) return this.hide()
    this.timer = setTimeout(() => {
      this.ctx.chat.suggest(text, (options) => {
        if (!this.composes && this.text === text) this.show(options)
      })
    }, suggestAfter)
  }

  private show(options: Option[]): void {
    this.options = options.slice(0, 5)
    this.active = -1
    this.list.hidden = this.options.length === 0
    this.field.setAttribute('aria-expanded', String(!this.list.hidden))
    this.field.removeAttribute('aria-activedescendant')
    if (this.list.hidden) return
    this.togglePalette(false)
    this.list.replaceChildren(
      h('div.suggestions-title', { 'aria-hidden': 'true' }, this.ctx.texts.suggestions),
      ...this.options.map((o, i) =>
        h('div.suggestion', { id: `suggestion-${i}`, role: 'option', 'aria-selected': 'false', onclick: () => this.choose(i) }, ...highlight(o.question, this.text)),
      ),
    )
  }

  private hide(): void {
    clearTimeout(this.timer)
    this.ctx.chat.unsuggest()
    if (!this.list.hidden) this.show([])
  }

  private mark(i: number): void {
    this.active = i
    this.list.querySelectorAll('.suggestion').forEach((e, n) => e.setAttribute('aria-selected', String(n === i)))
    if (i >= 0) this.field.setAttribute('aria-activedescendant', `suggestion-${i}`)
    else this.field.removeAttribute('aria-activedescendant')
  }

  private choose(i: number): void {
    const o = this.options[i]
    if (!o) return
    this.clear()
    this.ctx.chat.send({ kind: 'pick', entry: o.entry, text: o.question })
  }

  // ---- emoji

  private togglePalette(open = this.palette.hidden): void {
    this.palette.hidden = !open
    this.emojiButton.setAttribute('aria-expanded', String(open))
    if (open) this.hide()
  }

  private insert(text: string): void {
    const f = this.field
    f.setRangeText(text, f.selectionStart, f.selectionEnd, 'end')
    this.measure()
  }
}

/** Splits a question so that what was typed stands out. */
function highlight(question: string, typed: string): (Node | string)[] {
  const at = question.toLowerCase().indexOf(typed.toLowerCase())
  if (at < 0) return [question]
  const end = at + typed.length
  return [question.slice(0, at), h('mark', null, question.slice(at, end)), question.slice(end)]
}
