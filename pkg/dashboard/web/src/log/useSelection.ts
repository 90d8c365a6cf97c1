import { useCallback, useEffect, useMemo, useRef } from 'react'
import { useLocation, useNavigate } from 'react-router'
import { hashOf, type Place, placeOf } from './place'

/** useSelection keeps the selected lines in the fragment of the address; show is told when another place comes that way. */
export function useSelection(show: (place: Place) => void) {
  const { hash, search } = useLocation()
  const navigate = useNavigate()
  const place = useMemo(() => placeOf(hash), [hash])
  const seen = useRef(hash)
  const latest = useRef(show)
  useEffect(() => {
    latest.current = show
  })
  useEffect(() => {
    if (seen.current === hash) return
    seen.current = hash
    if (place) latest.current(place)
  }, [hash, place])
  const select = useCallback(
    (next: Place | undefined) => {
      const to = next ? hashOf(next) : ''
      seen.current = to
      void navigate({ search, hash: to }, { replace: true, preventScrollReset: true })
    },
    [navigate, search],
  )
  return [place && place.first > 0 ? place : undefined, select] as const
}
