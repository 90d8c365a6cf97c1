import { type QueryKey, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { base } from './client'
import { useEvents } from './events'

/** Changes come in bursts, when several jobs of a pull request start; one refresh serves them all. */
const pause = 700

/** useRefresh loads a query again when runs change that match the parameters of GET /runs/events. */
export function useRefresh(key: QueryKey, params: URLSearchParams) {
  const client = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const refresh = () => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => void client.invalidateQueries({ queryKey: key }), pause)
  }
  useEffect(() => () => clearTimeout(timer.current), [])
  useEvents(`${base}/runs/events?${params}`, { run: refresh, gone: refresh, resync: refresh })
}
