import { Alert, Button, Modal, ModalBody, ModalFooter, ModalHeader } from '@patternfly/react-core'
import { type ReactNode, useState } from 'react'

interface ConfirmProps {
  verb: string
  question: string
  danger?: boolean
  children?: ReactNode
  run: () => Promise<void>
  onClose: () => void
}

/** Confirm asks before something happens, and stays open with the reason when it did not work. */
export function Confirm({ verb, question, danger, children, run, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const go = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      await run()
      onClose()
    } catch (err) {
      setFailure(err instanceof Error ? err.message : String(err))
      setBusy(false)
    }
  }
  return (
    <Modal variant="small" isOpen onClose={onClose} aria-labelledby="confirm-title" aria-describedby="confirm-body">
      <ModalHeader title={question} labelId="confirm-title" />
      <ModalBody id="confirm-body">
        {children}
        {failure && <Alert isInline isLiveRegion variant="danger" title={failure} />}
      </ModalBody>
      <ModalFooter>
        <Button variant={danger ? 'danger' : 'primary'} isLoading={busy} isDisabled={busy} onClick={() => void go()}>
          {verb}
        </Button>
        <Button variant="link" onClick={onClose}>
          Cancel
        </Button>
      </ModalFooter>
    </Modal>
  )
}
