// Rings and shakes the handheld when a car that owes is spotted, and again while nobody acknowledges it.
import { onBeforeUnmount, watch } from 'vue'
import type { ArrearsAlert } from '@smartcloud/shared'

/** Which alerts are to be heard now: open ones that were not heard before, or of which another round has begun. */
export function toRing(alerts: readonly ArrearsAlert[], heard: ReadonlyMap<string, number>): ArrearsAlert[] {
  return alerts.filter(({ id, state, rounds }) => state === 'open' && rounds > (heard.get(id) ?? 0))
}

export function useRinging(alerts: () => readonly ArrearsAlert[]): void {
  const heard = new Map<string, number>()
  let audio: AudioContext | null = null

  watch(
    alerts,
    (now) => {
      const fresh = toRing(now, heard)
      for (const { id, rounds } of fresh) heard.set(id, rounds)
      if (fresh.length === 0) return
      navigator.vibrate?.([300, 150, 300])
      // Browsers play nothing before the first touch; the shaking and the red tile do not need one.
      if (typeof AudioContext === 'undefined' || navigator.userActivation?.hasBeenActive === false) return
      audio ??= new AudioContext()
      beep(audio)
    },
    { immediate: true },
  )
  onBeforeUnmount(() => void audio?.close())
}

// Two notes, 880 and 660 Hz: through rain and traffic they carry further than one.
function beep(audio: AudioContext): void {
  for (const [index, frequency] of [880, 660, 880].entries()) {
    const at_s = audio.currentTime + index * 0.22
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.type = 'square'
    tone.frequency.value = frequency
    volume.gain.setValueAtTime(0.25, at_s)
    volume.gain.exponentialRampToValueAtTime(0.001, at_s + 0.2)
    tone.connect(volume).connect(audio.destination)
    tone.start(at_s)
    tone.stop(at_s + 0.2)
  }
}
