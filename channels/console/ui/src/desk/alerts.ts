// What makes an agent look up: sounds, made on the spot, and notifications of the
// desktop. Browsers allow sounds only after the page was touched once.

import { ref } from 'vue'
import type { Alert } from './store'

const key = 'desk.mute'
export const muted = ref(read())
export const permission = ref<NotificationPermission | 'none'>('Notification' in globalThis ? Notification.permission : 'none')

/** What a click on a notification does; the page of the desk sets it. */
export const onNotice = { open: (_conversation: string): void => {} }

function read(): boolean {
  try {
    return localStorage.getItem(key) === '1'
  } catch {
    return false
  }
}

export function mute(on: boolean): void {
  muted.value = on
  try {
    localStorage.setItem(key, on ? '1' : '')
  } catch {
    // Then it holds until the page is loaded again.
  }
  if (!on) play('message')
}

export async function askPermission(): Promise<void> {
  if (permission.value !== 'none') permission.value = await Notification.requestPermission()
}

// Pitches in Hz, one after the other.
const tunes: Record<Alert['kind'], number[]> = {
  offer: [784, 988, 1175],
  given: [784, 988, 1175],
  message: [660, 880],
  remind: [880, 660, 880],
  whisper: [523, 659],
  leave: [523, 784],
}

let context: AudioContext | undefined

/** To be called while the page is touched. */
export function allowSound(): void {
  try {
    context ??= new AudioContext()
    if (context.state === 'suspended') void context.resume()
  } catch {
    context = undefined
  }
}

export function play(kind: Alert['kind']): void {
  if (muted.value || !context || context.state !== 'running') return
  for (const [i, pitch] of tunes[kind].entries()) tone(context, pitch, context.currentTime + i * 0.13)
}

function tone(audio: AudioContext, pitch: number, at: number): void {
  const source = audio.createOscillator()
  const volume = audio.createGain()
  source.frequency.value = pitch
  volume.gain.setValueAtTime(0, at)
  volume.gain.linearRampToValueAtTime(0.09, at + 0.015)
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.26)
  source.connect(volume).connect(audio.destination)
  source.start(at)
  source.stop(at + 0.3)
}

export function alertAgent(a: Alert): void {
  play(a.kind)
  if (permission.value !== 'granted' || document.hasFocus()) return
  try {
    const n = new Notification(a.title, { body: a.text.slice(0, 120), tag: a.kind + a.conversation })
    n.onclick = () => {
      window.focus()
      onNotice.open(a.conversation)
      n.close()
    }
  } catch {
    // Phones show notifications only for installed pages.
  }
}
