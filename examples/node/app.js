'use strict'
// A Node application that bills its customers through AWS Marketplace: it posts
// what they use to a meterd agent on the same machine. It needs nothing from npm.
const http = require('node:http')

const agent = process.env.METERING_AGENT ?? 'http://127.0.0.1:8422'

// How often and after what pauses an event is posted again.
const attemptsMax = 60
const pauseMillis = 250

// Tells usage to the agent and returns when it is on the agent's disk. The id
// names the event: however often it is posted, it counts once.
async function meter(event) {
  for (let attempt = 1; ; attempt++) {
    const problem = await post(event)
    if (problem === undefined) return
    if (attempt === attemptsMax) throw new Error(`usage ${event.id} not metered: ${problem}`)
    await new Promise(resolve => setTimeout(resolve, pauseMillis))
  }
}

// Posts an event once. Returns undefined if it counts, and why it is not known
// to if it is to be posted again. What can never count is thrown.
async function post(event) {
  let answer, receipt
  try {
    answer = await fetch(agent + '/v1/events', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(event),
    })
    receipt = await answer.json()
  } catch (error) {
    return String(error.cause ?? error) // the agent is away, or its answer was lost
  }
  if (answer.status >= 500 || answer.status === 429) return JSON.stringify(receipt)
  if (receipt.accepted + receipt.known === 1) return undefined
  throw new Error(`usage ${event.id} refused: ${JSON.stringify(receipt)}`)
}

// Stands for however an application knows who is calling.
const customers = { 'key-of-the-buyer': 'cust-active' }

const server = http.createServer(async (request, response) => {
  const customer = customers[request.headers['x-api-key']]
  const [, name] = request.url.match(/^\/users\/(\w+)$/) ?? []
  if (request.method !== 'POST' || !customer || !name) {
    response.writeHead(404).end()
    return
  }
  try {
    // The user's name is in the id, so a form that is posted twice counts once.
    await meter({ id: `user/${customer}/${name}`, customer, dimension: 'users', quantity: 1 })
    response.writeHead(201).end()
  } catch (error) {
    console.error(error.message)
    response.writeHead(503).end()
  }
})

server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`node ready http://127.0.0.1:${server.address().port}`)
})
