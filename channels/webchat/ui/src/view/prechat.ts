// The form before a conversation. It stands where the composer will be.

import type { Form, FormField } from '../protocol'
import { draft, type Context } from './context'
import { h } from './dom'

const longest = 200 // characters of a value

const shapes: Record<string, RegExp> = {
  phone: /^\+?\d[\d ()-]{4,18}\d$/,
  email: /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/,
}
const completes: Record<string, string> = { name: 'name', phone: 'tel', email: 'email', address: 'street-address' }

type Input = HTMLInputElement | HTMLSelectElement

interface Part {
  element: HTMLElement
  input: Input
  /** Shows what is wrong with it, or that nothing is; whether it is right. */
  check(): boolean
}

export class PreChat {
  readonly element = h('section.prechat', { hidden: true })
  private painted = ''
  private parts: Part[] = []

  constructor(private readonly ctx: Context) {}

  /** Shows this form, or none; whether that is another than before. */
  update(form: Form | undefined): boolean {
    const now = form ? JSON.stringify([form, this.ctx.texts.formTitle]) : ''
    if (now === this.painted) return false
    this.painted = now
    this.element.hidden = form === undefined
    this.element.replaceChildren(...(form ? [this.build(form)] : []))
    return true
  }

  focus(): void {
    this.parts[0]?.input.focus({ preventScroll: true })
  }

  private build(form: Form): HTMLElement {
    const t = this.ctx.texts
    const values = draft<Record<string, string>>(this.ctx, 'prechat', {})
    this.parts = form.fields.map((f) => this.field(f, values))
    if (form.consent) this.parts.push(this.consent(form.consent))
    const submit = (e: Event) => {
      e.preventDefault()
      const wrong = this.parts.filter((p) => !p.check())
      if (wrong.length > 0) return wrong[0]!.input.focus()
      const filled = form.fields.map((f) => [f.name, (values[f.name] ?? '').trim()] as const).filter(([, value]) => value !== '')
      this.ctx.chat.send({ kind: 'form', fields: Object.fromEntries(filled), ...(form.consentID ? { consent: form.consentID } : {}) })
    }
    const title = h('h2.prechat-title', { id: 'prechat-title' }, t.formTitle)
    return h(
      'form',
      { onsubmit: submit, novalidate: true, 'aria-labelledby': 'prechat-title' },
      title,
      ...this.parts.map((p) => p.element),
      h('button.button.primary.wide', { type: 'submit' }, t.formSubmit),
    )
  }

  private field(f: FormField, values: Record<string, string>): Part {
    const t = this.ctx.texts
    const id = 'prechat-' + f.name
    const keep = (e: Event) => (values[f.name] = (e.target as Input).value)
    const shared = { id, 'aria-required': String(f.required), oninput: keep, onchange: keep }
    const kept = values[f.name] ?? ''
    const input: Input =
      f.type === 'choice'
        ? h('select.field', shared, ...['', ...f.options].map((o) => h('option', { value: o, selected: o === kept }, o || t.formChoose)))
        : h('input.field', {
            ...shared, value: kept, maxlength: longest, autocomplete: completes[f.name] ?? 'off',
            type: f.type === 'phone' ? 'tel' : f.type === 'email' ? 'email' : 'text',
            inputmode: f.type === 'phone' ? 'tel' : f.type === 'email' ? 'email' : undefined,
          })
    return part(input, () => {
      const value = input.value.trim()
      if (value === '') return f.required ? t.formMissing : ''
      return shapes[f.type]?.test(value) === false ? (f.type === 'phone' ? t.formPhone : t.formEmail) : ''
    }, (problem) =>
      h('div.form-row', null, h(f.required ? 'label.form-label.required' : 'label.form-label', { for: id }, f.label), input, problem),
    )
  }

  private consent(text: string): Part {
    const input = h('input', { id: 'prechat-consent', type: 'checkbox', 'aria-required': 'true' })
    const label = h('label.prechat-consent', null, input, h('span', null, text))
    return part(input, () => (input.checked ? '' : this.ctx.texts.formConsent), (problem) => h('div.form-row', null, label, problem))
  }
}

/** An input with the line below it that says what is wrong. */
function part(input: Input, wrong: () => string, frame: (problem: HTMLElement) => HTMLElement): Part {
  const problem = h('div.field-problem', { id: input.id + '-problem', role: 'alert', hidden: true })
  const check = () => {
    const text = wrong()
    problem.textContent = text
    problem.hidden = text === ''
    if (text === '') {
      input.removeAttribute('aria-invalid')
      input.removeAttribute('aria-describedby')
    } else {
      input.setAttribute('aria-invalid', 'true')
      input.setAttribute('aria-describedby', problem.id)
    }
    return text === ''
  }
  // Once it was called wrong, it is looked at on every change.
  const again = () => !problem.hidden && check()
  input.addEventListener('input', again)
  input.addEventListener('change', again)
  return { element: frame(problem), input, check }
}
