"""Receives spans by OTLP over gRPC, with the definitions of the OpenTelemetry project.

The first line that it writes is its port, and each further one a span. It ends with its input.
"""

import json
import sys
from concurrent import futures

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    def Export(self, request, context):
        for of_resource in request.resource_spans:
            attributes = of_resource.resource.attributes
            service = [it.value.string_value for it in attributes if it.key == "service.name"]
            for span in (span for scope in of_resource.scope_spans for span in scope.spans):
                line = {
                    "service": service[0],
                    "name": span.name,
                    "trace_id": span.trace_id.hex(),
                    "span_id": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                }
                # One write, since two requests can be here at a time.
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()
        return trace_service_pb2.ExportTraceServiceResponse()


server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
trace_service_pb2_grpc.add_TraceServiceServicer_to_server(Receiver(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
sys.stdin.read()
server.stop(None)
