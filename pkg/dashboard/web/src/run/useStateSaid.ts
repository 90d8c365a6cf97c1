import { useEffect, useRef } from 'react'
import type { Run } from '../api/schema'
import { useAnnounce } from '../ui/announce'
import { wordOf } from '../ui/state'

/** useStateSaid says a run's state aloud when it changes. */
export function useStateSaid(run: Run | undefined) {
  const announce = useAnnounce()
  const said = useRef<string>(undefined)
  useEffect(() => {
    if (!run) return
    if (said.current && said.current !== run.state) announce(`${run.job}: ${wordOf(run.state)}. ${run.description ?? ''}`)
    said.current = run.state
  }, [run, announce])
}
