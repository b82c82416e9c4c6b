// What lies over the chat: sheets, pictures, short lines.

import { h, icon, trapFocus } from './dom'

export class Overlay {
  readonly element = h('div.overlay', { hidden: true })
  readonly toasts = h('div.toasts', { role: 'status', 'aria-live': 'polite' })
  private back: Element | null = null
  private closing: ReturnType<typeof setTimeout> | undefined
  private trap: ((e: KeyboardEvent) => void) | undefined

  get open(): boolean {
    return !this.element.hidden && !this.element.classList.contains('leaving')
  }

  sheet(label: string, content: (close: () => void) => HTMLElement, focus = ''): void {
    const box = h('div.sheet', { role: 'dialog', 'aria-modal': 'true', 'aria-label': label })
    box.append(h('div.sheet-title', null, label), content(() => this.close()))
    this.show(box, focus)
  }

  picture(src: string, alt: string, closeLabel: string): void {
    const img = h('img', { src, alt, referrerpolicy: 'no-referrer' })
    const close = h('button.icon-button.lightbox-close', { type: 'button', 'aria-label': closeLabel, onclick: () => this.close() }, icon('close'))
    this.show(h('div.lightbox', { role: 'dialog', 'aria-modal': 'true', 'aria-label': alt || closeLabel, onclick: () => this.close() }, img, alt && h('div.lightbox-name', null, alt), close))
  }

  private show(box: HTMLElement, focus = ''): void {
    clearTimeout(this.closing)
    if (!this.open) this.back = document.activeElement
    this.element.replaceChildren(h('div.scrim', { onclick: () => this.close() }), box)
    this.element.classList.remove('leaving')
    this.element.hidden = false
    if (this.trap) this.element.removeEventListener('keydown', this.trap)
    this.trap = trapFocus(box)
    this.element.addEventListener('keydown', this.trap)
    box.querySelector<HTMLElement>(focus || 'button, textarea, input')?.focus({ preventScroll: true })
  }

  close(): void {
    if (!this.open) return
    this.element.classList.add('leaving')
    this.closing = setTimeout(() => {
      this.element.hidden = true
      this.element.replaceChildren()
    }, 160)
    if (this.back instanceof HTMLElement && this.back.isConnected) this.back.focus({ preventScroll: true })
  }

  toast(text: string): void {
    const line = h('div.toast', null, text)
    this.toasts.replaceChildren(line)
    setTimeout(() => line.classList.add('leaving'), 2600)
    setTimeout(() => line.remove(), 2900)
  }
}
