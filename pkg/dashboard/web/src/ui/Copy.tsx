import { Button, Tooltip } from '@patternfly/react-core'
import CopyIcon from '@patternfly/react-icons/dist/esm/icons/copy-icon'
import { useState } from 'react'

/** Copy is a button that puts a text on the clipboard. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState<string>()
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setDone('Copied')
    } catch {
      setDone('The browser does not allow it')
    }
  }
  return (
    <Tooltip content={done ?? `Copy ${what}`} onTooltipHidden={() => setDone(undefined)}>
      <Button variant="plain" size="sm" aria-label={`Copy ${what}`} icon={<CopyIcon />} onClick={() => void copy()} />
    </Tooltip>
  )
}
