# One image for every role; compose.yaml says which is which.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_SYSTEM_PYTHON=1 UV_NO_CACHE=1
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /srv/packshot

COPY requirements.lock ./
RUN uv pip install --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE wsgi.py ./
COPY app app
COPY imaging imaging
COPY integrations integrations
COPY migrations migrations
COPY rules rules
COPY scheduler scheduler
RUN uv pip install --no-deps . && useradd --system --create-home --uid 1000 packshot && mkdir -p /data/intake && chown -R packshot /data

USER packshot
ENV PACKSHOT_VAR=/data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["packshot"]
CMD ["serve", "--host", "0.0.0.0"]
