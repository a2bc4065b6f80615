// The host's side of an MCP App, by the reference implementation; bundled for the test's page.
import {AppBridge, PostMessageTransport} from '@modelcontextprotocol/ext-apps/app-bridge';

window.AppBridge = AppBridge;
window.PostMessageTransport = PostMessageTransport;
