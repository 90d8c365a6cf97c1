import { useEffect, useRef } from 'react'
import { useLocation } from 'react-router'
import { useAnnounce } from '../ui/announce'

/** pageOf tells pages apart; the tabs of a run are one page. */
export function pageOf(pathname: string): string {
  return pathname.split('/').slice(0, 3).join('/')
}

/** RouteFocus moves the focus to the content when another page is opened, and says its title. */
export function RouteFocus() {
  const page = pageOf(useLocation().pathname)
  const shown = useRef(page)
  const announce = useAnnounce()
  useEffect(() => {
    if (shown.current === page) return
    shown.current = page
    document.getElementById('main')?.focus({ preventScroll: true })
    announce(document.title)
  }, [page, announce])
  return null
}
