// What all parts of the view need.

import type { Chat } from '../chat'
import type { Language, Texts } from '../i18n'

export interface Context {
  chat: Chat
  texts: Texts
  language: Language
  /** What was begun in a form and must survive that its row is built anew. */
  drafts: Map<string, Record<string, unknown>>
  /** Shows a short line for a moment. */
  toast(text: string): void
  /** Puts a dialog over the chat. */
  sheet(label: string, content: (close: () => void) => HTMLElement, focus?: string): void
  /** Shows a picture in full. */
  picture(src: string, alt: string): void
  handoff(): void
  focusComposer(): void
}

/** The draft of a form, made on first use. */
export function draft<T extends object>(ctx: Context, key: string, initial: T): T {
  const known = ctx.drafts.get(key)
  if (known) return known as unknown as T
  ctx.drafts.set(key, initial as Record<string, unknown>)
  return initial
}
