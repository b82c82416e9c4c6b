// The whole chat: header, bar, list, composer, and what lies over them.

import { initial } from '../service'
import { beep } from '../sound'
import type { Storage } from '../storage'
import { Bar } from './bar'
import { Composer } from './composer'
import type { Context } from './context'
import { h, icon, type IconName } from './dom'
import { MessageList } from './messages'
import { Overlay } from './overlay'
import { PreChat } from './prechat'
import { QueueCard } from './queue'

export interface AppOptions {
  embedded: boolean
  kept: Storage
  close(): void
}

export class App {
  readonly element: HTMLElement
  readonly ctx: Context
  private readonly overlay = new Overlay()
  private readonly list: MessageList
  private readonly composer: Composer
  private readonly bar: Bar
  private readonly queue: QueueCard
  private readonly prechat: PreChat
  private readonly title = h('div.header-title')
  private readonly subtitle = h('div.header-subtitle')
  private readonly face = h('div.header-face', { 'aria-hidden': 'true' })
  private readonly handoffButton: HTMLButtonElement
  private headed = ''
  private readonly menu = h('div.menu', { role: 'menu', hidden: true })
  private readonly menuButton: HTMLButtonElement
  private frame = 0
  muted: boolean

  constructor(base: Pick<Context, 'chat' | 'texts' | 'language'>, private readonly o: AppOptions) {
    this.muted = o.kept.get('faqbot.muted') === '1'
    document.documentElement.classList.toggle('large', o.kept.get('faqbot.large') === '1')
    this.ctx = {
      ...base,
      drafts: new Map(),
      toast: (text) => this.overlay.toast(text),
      sheet: (label, content, focus) => this.overlay.sheet(label, content, focus),
      picture: (src, alt) => this.overlay.picture(src, alt, base.texts.close),
      handoff: () => base.chat.send({ kind: 'handoff' }),
      focusComposer: () => this.focus(),
    }
    this.list = new MessageList(this.ctx)
    this.composer = new Composer(this.ctx)
    this.bar = new Bar(this.ctx)
    this.queue = new QueueCard(this.ctx)
    this.prechat = new PreChat(this.ctx)
    const t = base.texts
    this.handoffButton = h('button.header-handoff', { type: 'button', 'aria-label': t.handoff, title: t.handoff, onclick: () => this.ctx.handoff() }, icon('headset'), h('span', null, t.handoffShort))
    this.menuButton = this.iconButton('more', base.texts.menu, () => this.toggleMenu())
    this.menuButton.setAttribute('aria-haspopup', 'menu')
    this.element = h(
      'div.app',
      { lang: base.language },
      this.header(),
      this.bar.element,
      this.queue.element,
      h('main.body', null, this.list.scroller, this.list.pill),
      this.prechat.element,
      this.composer.element,
      this.composer.attach.drop,
      this.overlay.toasts,
      this.overlay.element,
    )
    this.composer.attach.listen(this.element)
    document.addEventListener('keydown', (e) => this.escape(e))
    document.addEventListener('pointerdown', (e) => {
      if (!this.menu.hidden && !this.menu.contains(e.target as Node) && !this.menuButton.contains(e.target as Node)) this.toggleMenu(false)
    })
    this.relabel()
  }

  private iconButton(name: IconName, label: string, onclick: () => void): HTMLButtonElement {
    return h('button.icon-button', { type: 'button', 'aria-label': label, title: label, onclick }, icon(name))
  }

  private header(): HTMLElement {
    const t = this.ctx.texts
    return h(
      'header.header',
      null,
      this.face,
      h('div.header-words', null, this.title, this.subtitle),
      this.handoffButton,
      this.menuButton,
      this.o.embedded && this.iconButton('down', t.close, () => this.o.close()),
      this.menu,
    )
  }

  /** Texts of the server have come. */
  relabel(): void {
    this.headed = ''
    this.head()
    this.composer.refresh()
    if (!this.o.embedded) document.title = this.ctx.texts.title
  }

  /** The header names who is there. */
  private head(): void {
    const { texts: t, chat } = this.ctx
    const { phase, nick } = chat.store.service
    const human = phase === 'agent'
    const writes = human && chat.typing() === 'agent'
    const now = [phase, nick, writes].join()
    if (now === this.headed) return
    this.headed = now
    this.title.textContent = human ? nick || t.agentName : t.title
    this.subtitle.textContent = writes ? t.writing : human ? t.agentLabel : phase === 'queue' ? t.queueTitle : t.subtitle
    this.face.replaceChildren(human && nick ? h('b', null, initial(nick)) : icon(human ? 'headset' : 'bot'))
    this.handoffButton.hidden = phase !== 'bot'
    this.element?.classList.toggle('with-agent', human)
  }

  /** Something changed; paints once, before the next picture. */
  changed(): void {
    if (this.frame) return
    const paint = () => {
      this.frame = 0
      this.list.render(this.ctx.chat.rows())
      this.bar.update()
      this.queue.update()
      this.ask()
      this.head()
      this.element.classList.toggle('away', !this.ctx.chat.connected)
      this.composer.refresh()
    }
    // Hidden pages get no frames, but must count and ring all the same.
    this.frame = document.hidden ? (setTimeout(paint, 50) as unknown as number) : requestAnimationFrame(paint)
  }

  /** The form before a conversation stands in place of all that begins one. */
  private ask(): void {
    const form = this.ctx.chat.form
    const had = this.composer.element.contains(document.activeElement) || this.prechat.element.contains(document.activeElement)
    if (!this.prechat.update(form)) return
    this.element.classList.toggle('asking', form !== undefined)
    this.composer.element.hidden = form !== undefined
    this.composer.attach.off = form !== undefined
    if (had) this.focus()
  }

  private focus(): void {
    if (this.ctx.chat.form) this.prechat.focus()
    else this.composer.focus()
  }

  ring(): void {
    if (!this.muted) beep()
  }

  get seesLast(): boolean {
    return this.list.seesLast
  }

  /** The widget was opened. */
  shown(focus: boolean): void {
    this.list.toLatest()
    if (focus) this.focus()
  }

  private escape(e: KeyboardEvent): void {
    if (e.key !== 'Escape' || e.isComposing || e.keyCode === 229) return
    if (this.overlay.open) this.overlay.close()
    else if (!this.menu.hidden) this.toggleMenu(false)
    else if (!this.composer.escape()) this.o.close()
  }

  // ---- the menu

  private toggleMenu(open = this.menu.hidden): void {
    this.menuButton.setAttribute('aria-expanded', String(open))
    this.menu.hidden = !open
    if (!open) {
      if (this.menu.contains(document.activeElement)) this.menuButton.focus()
      return
    }
    const t = this.ctx.texts
    const large = document.documentElement.classList.contains('large')
    const items = [
      this.item(this.muted ? 'bell' : 'bellOff', this.muted ? t.unmute : t.mute, () => this.mute()),
      this.item('size', large ? t.smaller : t.larger, () => this.enlarge(!large)),
    ]
    if (this.ctx.chat.store.conversation) items.push(this.item('exit', t.end, () => this.askEnd()))
    this.menu.replaceChildren(...items)
    this.menu.onkeydown = (e) => {
      const at = items.indexOf(document.activeElement as HTMLButtonElement)
      const step = e.key === 'ArrowDown' ? 1 : e.key === 'ArrowUp' ? -1 : 0
      if (step === 0) return
      e.preventDefault()
      items[(at + step + items.length) % items.length]?.focus()
    }
    items[0]?.focus()
  }

  private item(name: IconName, label: string, run: () => void): HTMLButtonElement {
    const act = () => {
      this.toggleMenu(false)
      run()
    }
    return h('button.menu-item', { type: 'button', role: 'menuitem', onclick: act }, icon(name), label)
  }

  private mute(): void {
    this.muted = !this.muted
    this.o.kept.set('faqbot.muted', this.muted ? '1' : '')
  }

  private enlarge(large: boolean): void {
    document.documentElement.classList.toggle('large', large)
    this.o.kept.set('faqbot.large', large ? '1' : '')
  }

  private askEnd(): void {
    const t = this.ctx.texts
    this.overlay.sheet(t.endAsk, (close) =>
      h(
        'div.sheet-buttons',
        null,
        h('button.button', { type: 'button', onclick: close }, t.cancel),
        h('button.button.primary', { type: 'button', onclick: () => (close(), this.list.toBottom(), this.ctx.chat.send({ kind: 'close' })) }, t.endYes),
      ),
    )
  }
}
