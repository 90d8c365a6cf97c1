import { useState } from 'react'
import { useAnnounce } from '../ui/announce'
import { nextError } from './errors'
import { suspects } from './opening'
import type { Place } from './place'
import type { LogStore } from './store'

/** useErrors goes to the first line that looks like an error, or to the next one behind the selected line. */
export function useErrors(store: LogStore, patterns: string[], place: Place | undefined, go: (step: string, line: number) => void) {
  const announce = useAnnounce()
  const [busy, setBusy] = useState(false)
  const [note, setNote] = useState<string>()
  const next = async () => {
    setBusy(true)
    setNote(undefined)
    try {
      const steps = suspects(store.steps)
      const at = place ? steps.indexOf(place.step) : -1
      const found = await nextError(store.source, patterns, steps.slice(Math.max(at, 0)), at < 0 ? 0 : (place?.first ?? 0))
      if (!found) return setNote(`No ${at < 0 ? '' : 'further '}line matches the error patterns.`)
      go(found.step, found.line)
      announce(`Line ${found.line} of ${found.step}`)
    } catch (err) {
      setNote(err instanceof Error ? err.message : String(err))
    } finally {
      setBusy(false)
    }
  }
  return { next: () => void next(), busy, note }
}
