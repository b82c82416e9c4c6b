// A short soft sound for a new message, made on the spot. Browsers allow it only
// after the visitor has touched the page; before that there is silence.

let context: AudioContext | undefined

/** Prepares the sound; to be called while the visitor touches the page. */
export function allowSound(): void {
  try {
    context ??= new AudioContext()
    if (context.state === 'suspended') void context.resume()
  } catch {
    context = undefined
  }
}

export function beep(): void {
  if (!context || context.state !== 'running') return
  const start = context.currentTime
  for (const [i, pitch] of [660, 880].entries()) {
    const tone = context.createOscillator()
    const volume = context.createGain()
    const at = start + i * 0.09
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0, at)
    volume.gain.linearRampToValueAtTime(0.06, at + 0.015)
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.22)
    tone.connect(volume).connect(context.destination)
    tone.start(at)
    tone.stop(at + 0.25)
  }
}
