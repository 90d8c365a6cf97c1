import { Button } from '@patternfly/react-core'
import ArrowDownIcon from '@patternfly/react-icons/dist/esm/icons/arrow-down-icon'
import { useEffect } from 'react'
import { rangesOf } from './anchor'
import { pageLines } from './cache'
import type { Place } from './place'
import type { Prefs } from './prefs'
import { Rows } from './Rows'
import { StepHead } from './StepHead'
import type { LogStore } from './store'
import type { Scroller } from './useScroller'

interface LogBoxProps {
  store: LogStore
  version: number
  scroller: Scroller
  prefs: Prefs
  selected: Place | undefined
  current: { step: string; number: number } | undefined
  pattern: RegExp | undefined
  onToggle: (key: string) => void
  onLine: (step: string, line: number, shift: boolean) => void
  onFollow: (() => void) | undefined
}

/** LogBox is the part of the log that scrolls. */
export function LogBox({ store, version, scroller, prefs, onToggle, onLine, onFollow, ...shown }: LogBoxProps) {
  const { box, rows, window, view, topRow } = scroller
  useEffect(() => {
    store.want(rangesOf(store, window, pageLines / 2))
  }, [store, version, window.first, window.last])
  const first = store.row(topRow)
  const stuck = first && first.kind !== 'head' ? store.step(first.key) : undefined
  const click = (e: React.MouseEvent) => {
    const target = e.target instanceof Element ? e.target.closest<HTMLElement>('a[data-number], button[data-group]') : null
    const { step, number, group } = target?.dataset ?? {}
    if (!step) return
    if (group) return void store.toggleGroup(step, Number(group))
    if (e.ctrlKey || e.metaKey || e.altKey) return
    e.preventDefault()
    onLine(step, Number(number), e.shiftKey)
  }
  const digits = String(stuck ? store.total(`${stuck.task}/${stuck.step}`) : 1000).length
  return (
    <div className="log-frame">
      <div
        ref={box}
        className="log-box"
        data-wrap={prefs.wrap || undefined}
        tabIndex={0}
        role="region"
        aria-label="Lines of the log"
        onScroll={scroller.onScroll}
        style={{ '--view': `${view.width}px`, '--digits': Math.max(digits, 4) } as React.CSSProperties}
      >
        <div className="log-space" style={{ height: scroller.element }}>
          <div className="log-view" style={{ height: view.height }}>
            {stuck && (
              <div className="stuck">
                <StepHead step={stuck} total={store.total(first?.key ?? '')} open onToggle={() => onToggle(first?.key ?? '')} />
              </div>
            )}
            <div ref={rows} className="log-rows" onClick={click}>
              <Rows store={store} version={version} window={window} times={prefs.times} stuck={stuck && first?.key} onToggle={onToggle} {...shown} />
            </div>
          </div>
        </div>
      </div>
      {onFollow && (
        <Button className="log-follow" variant="primary" size="sm" icon={<ArrowDownIcon />} onClick={onFollow}>
          Follow
        </Button>
      )}
    </div>
  )
}
