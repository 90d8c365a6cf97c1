import { Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core'
import { useState } from 'react'
import { type Goal, goalOf } from './goto'

interface GotoDialogProps {
  step: string
  started: number
  /** Goes there, or rejects with the reason why not. */
  onGo: (goal: Goal) => Promise<void>
  onClose: () => void
}

/** GotoDialog asks for a line or a time. */
export function GotoDialog({ step, started, onGo, onClose }: GotoDialogProps) {
  const [text, setText] = useState('')
  const [failure, setFailure] = useState<string>()
  const go = async () => {
    const goal = goalOf(text, started)
    if (!goal) return setFailure('This is no line number and no time.')
    try {
      await onGo(goal)
      onClose()
    } catch (err) {
      setFailure(err instanceof Error ? err.message : String(err))
    }
  }
  return (
    <Modal variant="small" isOpen onClose={onClose} aria-labelledby="goto-title" aria-describedby="goto-body" elementToFocus="#goto">
      <ModalHeader title={`Go to a line or a time of ${step}`} labelId="goto-title" />
      <ModalBody id="goto-body">
        <form
          id="goto-form"
          className="field"
          onSubmit={(e) => {
            e.preventDefault()
            void go()
          }}
        >
          <input id="goto" aria-label="Line or time" aria-describedby="goto-help" autoComplete="off" value={text} onChange={(e) => setText(e.target.value)} />
        </form>
        <p id="goto-help" className={failure ? 'log-failed' : 'quiet'} role={failure ? 'alert' : undefined}>
          {failure ?? 'A line, as 120000; a time of your day, as 14:03 or 14:03:22; or a date and time.'}
        </p>
      </ModalBody>
      <ModalFooter>
        <Button type="submit" form="goto-form">
          Go
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  )
}
