"""An authorizer that lets nobody see jobs."""

from jupyter_server.auth import Authorizer


class Denier(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "asyncmd_jupyter"
