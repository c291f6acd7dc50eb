// Dittofeed's library for Node as it comes from npm: node dittofeed_node.cjs ADDRESS WRITE_KEY
const { DittofeedSdk } = require('@dittofeed/sdk-node')

async function main() {
  const [host, writeKey] = process.argv.slice(2)
  // Its write key is the whole header.
  const header = `Basic ${Buffer.from(`${writeKey}:`).toString('base64')}`
  await DittofeedSdk.init({ host, writeKey: header })
  const userId = 'ditto-1'
  DittofeedSdk.identify({
    userId,
    messageId: 'ditto-identify',
    traits: { email: 'ditto@mail.example', firstName: 'Ditto' },
  })
  DittofeedSdk.track({
    userId,
    event: 'Order Completed',
    messageId: 'ditto-order',
    properties: { order_id: 'ditto-1001', total: 20, products: [{ product_id: 'P1', price: 20 }] },
  })
  DittofeedSdk.track({ userId, event: 'Class Booked', messageId: 'ditto-custom', properties: { seats: 2 } })
  DittofeedSdk.page({ userId, name: 'Home', messageId: 'ditto-page' })
  await DittofeedSdk.flush()
  DittofeedSdk.screen({ userId, name: 'Cart', messageId: 'ditto-screen' })
  await DittofeedSdk.flush()
}

main().catch((error) => {
  console.error(error)
  process.exitCode = 1
})
