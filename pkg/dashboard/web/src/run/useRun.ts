import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import { api, must, runURL } from '../api/client'
import { useEvents } from '../api/events'
import type { LogLine, Run, RunDetail, Step, Trouble } from '../api/schema'
import { sourceOf } from '../log/source'
import { LogStore } from '../log/store'

/** Lines of each step that come at once when the page of a running run is opened; more are read as they are looked at. */
const tail = 500

/** How long the parts of a run that changed wait for further changes before they are read again, in ms. */
const pause = 800

/**
 * useRun is a run, kept current until its log is complete. The log's store belongs to the page, so that what was read stays
 * while the reader looks at other parts.
 */
export function useRun(name: string) {
  const client = useQueryClient()
  const store = useMemo(() => new LogStore(sourceOf(name)), [name])
  const [complete, setComplete] = useState(false)
  const query = useQuery({
    queryKey: ['run', name],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}', { params: { path: { name } }, signal })),
  })
  const steps = useQuery({
    queryKey: ['run', name, 'steps'],
    queryFn: ({ signal }) => must(api.GET('/runs/{name}/steps', { params: { path: { name } }, signal })),
  })
  const [known, setKnown] = useState(0)
  const take = (all: Step[]) => {
    store.setSteps(all)
    setKnown(all.length)
  }
  const first = steps.data?.steps
  useEffect(() => {
    if (first && store.steps.length === 0) take(first)
  }, [first, store])

  const parts = useLater(() => void client.invalidateQueries({ queryKey: ['run', name], predicate: (q) => q.queryKey[2] !== 'steps' }))
  // Decided once: a run that ends while it is shown is followed until the stream says that all has come.
  const [follows, setFollows] = useState<boolean>()
  if (query.data && follows === undefined) setFollows(!(query.data.finished && query.data.archived))
  const live = follows && !complete
  const connection = useEvents(live ? runURL(name, 'log', { tail }) : undefined, {
    line: (data) => {
      store.add(data as LogLine)
      if (known === 0) setKnown(1)
    },
    step: (data) => {
      take(data as Step[])
      parts()
    },
    state: (data) => {
      client.setQueryData<RunDetail>(['run', name], (was) => was && { ...was, ...(data as Run) })
      parts()
    },
    trouble: (data) => store.setTrouble((data as Trouble).message),
    end: () => {
      setComplete(true)
      parts()
    },
  })
  return { query, store, steps: { known, pending: steps.isPending, error: steps.error }, connection: live ? connection : 'ended' }
}

/** useLater calls a function once a while after the last of several calls. */
function useLater(run: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(run)
  useEffect(() => {
    latest.current = run
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  return () => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => latest.current(), pause)
  }
}
