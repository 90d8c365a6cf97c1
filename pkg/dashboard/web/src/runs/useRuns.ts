import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { api, base, must } from '../api/client'
import { useEvents } from '../api/events'
import type { Gone, Run } from '../api/schema'
import { type RunsQuery, toParams } from './filter'
import { change, has, type News, type Runs, withNews } from './live'

const pageSize = 50

/**
 * useRuns lists runs and keeps them current. Runs that are shown change in place at once; new ones wait while hold says so,
 * because rows must not move under the reader's pointer, and are counted in waiting until show is called.
 */
export function useRuns(query: RunsQuery, hold: () => boolean) {
  const params = toParams(query).toString()
  const key = useMemo(() => ['runs', params], [params])
  const client = useQueryClient()
  const held = useRef<News[]>([])
  const [waiting, setWaiting] = useState(0)
  const list = useInfiniteQuery({
    queryKey: key,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => must(api.GET('/runs', { params: { query: { ...query, before: pageParam, limit: pageSize } }, signal })),
    getNextPageParam: (page) => page.next,
    staleTime: Infinity, // events keep it current
    refetchOnMount: 'always',
    refetchOnWindowFocus: false,
  })
  const show = useCallback(() => {
    const news = held.current
    held.current = []
    setWaiting(0)
    if (news.length > 0) client.setQueryData<Runs>(key, (runs) => runs && withNews(runs, news))
  }, [client, key])
  const add = (one: News) => {
    held.current.push(one)
    if (!hold()) return show()
    setWaiting(new Set(held.current.flatMap((n) => ('run' in n ? [n.run.name] : []))).size)
  }
  const live = useEvents(list.isSuccess ? `${base}/runs/events?${params}` : undefined, {
    run: (data) => {
      const run = data as Run
      const shown = client.getQueryData<Runs>(key)
      if (shown && has(shown, run.name)) client.setQueryData<Runs>(key, change(shown, run))
      else add({ run })
    },
    gone: (data) => add({ gone: (data as Gone).name }),
    resync: () => void client.invalidateQueries({ queryKey: key }),
  })
  // What happened while the stream was broken is not told again.
  const broken = useRef(false)
  useEffect(() => {
    if (live === 'open' && broken.current) void client.invalidateQueries({ queryKey: key })
    broken.current = live === 'waiting'
  }, [live, client, key])
  useEffect(() => {
    held.current = []
    setWaiting(0)
  }, [key])
  const runs = useMemo(() => list.data?.pages.flatMap((page) => page.runs) ?? [], [list.data])
  return { ...list, runs, waiting, show, live }
}
