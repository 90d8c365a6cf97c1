import { Button } from '@patternfly/react-core'
import { useEffect, useRef } from 'react'

interface MoreProps {
  busy: boolean
  failed: boolean
  onMore: () => void
}

/** More loads the next page when the reader comes near it, and by its button. After a failure only by the button. */
export function More({ busy, failed, onMore }: MoreProps) {
  const box = useRef<HTMLDivElement>(null)
  const latest = useRef(onMore)
  useEffect(() => {
    latest.current = onMore
  })
  useEffect(() => {
    if (busy || failed || !box.current) return
    const watch = new IntersectionObserver(([entry]) => entry?.isIntersecting && latest.current(), { rootMargin: '300px' })
    watch.observe(box.current)
    return () => watch.disconnect()
  }, [busy, failed])
  return (
    <div ref={box} className="more">
      <Button variant="link" isDisabled={busy} onClick={onMore}>
        {busy ? 'Loading …' : failed ? 'This did not load. Try again' : 'Older'}
      </Button>
    </div>
  )
}
